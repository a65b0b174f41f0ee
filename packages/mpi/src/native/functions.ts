/** MPI's functions, as far as they are used. */
import { MpiError } from "../errors.ts";
import type { Constants } from "./constants.ts";
import type { Library } from "./library.ts";

type Values = Float32Array | Float64Array | Uint8Array;
/** Where MPI keeps a handle of its own: eight bytes, whatever its handles are. */
export type Request = BigInt64Array;

/** The world of all ranks. Collectives only begin here: see `waitFor`. */
export class Native {
  /** The library's name and version, as it says them. */
  readonly version: string;
  readonly #call: Record<string, (...args: unknown[]) => number>;
  readonly #constants: Constants;
  readonly #flag = new Int32Array(new ArrayBuffer(4));

  constructor(library: Library, constants: Constants) {
    const h = constants.handle;
    const p = "void *";
    const int = "int";
    const declare = (name: string, args: string[]) => library.func(name, "int", args);
    this.#constants = constants;
    this.#call = {
      MPI_Get_library_version: declare("MPI_Get_library_version", [p, p]),
      MPI_Init_thread: declare("MPI_Init_thread", [p, p, int, p]),
      MPI_Comm_rank: declare("MPI_Comm_rank", [h, p]),
      MPI_Comm_size: declare("MPI_Comm_size", [h, p]),
      MPI_Iallreduce: declare("MPI_Iallreduce", [p, p, int, h, h, h, p]),
      MPI_Iallgather: declare("MPI_Iallgather", [p, int, h, p, int, h, h, p]),
      MPI_Ibcast: declare("MPI_Ibcast", [p, int, h, int, h, p]),
      MPI_Ibarrier: declare("MPI_Ibarrier", [h, p]),
      MPI_Test: declare("MPI_Test", [p, p, p]),
      MPI_Finalize: declare("MPI_Finalize", []),
      MPI_Abort: declare("MPI_Abort", [h, int]),
    };
    // Debian's Open MPI promises 256 characters, MPICH 8192.
    const text = Buffer.alloc(8192);
    const length = new Int32Array(1);
    this.#run("MPI_Get_library_version", text, length);
    this.version = nameOf(text.toString("utf8", 0, length[0]));
  }

  /** Begins MPI; this process's threads leave it to the one that calls. */
  init(): { rank: number; size: number } {
    const [provided, rank, size] = [new Int32Array(1), new Int32Array(1), new Int32Array(1)];
    const { world } = this.#constants;
    this.#run("MPI_Init_thread", null, null, 1, provided);
    this.#run("MPI_Comm_rank", world, rank);
    this.#run("MPI_Comm_size", world, size);
    return { rank: rank[0], size: size[0] };
  }

  /** Values are added up over all ranks, in place. */
  allreduce(values: Float32Array | Float64Array): Request {
    const { inPlace, sum, world } = this.#constants;
    return this.#begin("MPI_Iallreduce", inPlace, values, values.length, this.#type(values), sum, world);
  }

  /** As many values of each rank, one after another, go to all. */
  allgather(values: Float64Array, all: Float64Array): Request {
    const type = this.#type(values);
    const count = values.length;
    return this.#begin("MPI_Iallgather", values, count, type, all, count, type, this.#constants.world);
  }

  broadcast(values: Values, root: number): Request {
    return this.#begin("MPI_Ibcast", values, values.length, this.#type(values), root, this.#constants.world);
  }

  barrier(): Request {
    return this.#begin("MPI_Ibarrier", this.#constants.world);
  }

  /** Whether it is done; helps everything along that has begun. */
  test(request: Request): boolean {
    this.#run("MPI_Test", request, this.#flag, this.#constants.statusIgnore);
    return this.#flag[0] !== 0;
  }

  finalize(): void {
    this.#run("MPI_Finalize");
  }

  /** Ends all ranks, this process among them. */
  abort(code: number): void {
    this.#run("MPI_Abort", this.#constants.world, code);
  }

  #type(values: Values): unknown {
    const { float, double, byte } = this.#constants;
    if (values instanceof Float32Array) return float;
    return values instanceof Float64Array ? double : byte;
  }

  #begin(name: string, ...args: unknown[]): Request {
    const request = new BigInt64Array(new ArrayBuffer(8));
    this.#run(name, ...args, request);
    return request;
  }

  #run(name: string, ...args: unknown[]): void {
    const code = this.#call[name](...args);
    if (code !== 0) throw new MpiError("E_CALL", `${name} has failed with error ${code} of ${this.version}`);
  }
}

/** Of a text like "MPICH Version:\t4.0.2\nMPICH Release date: …" or "Open MPI v4.1.4, package: …". */
function nameOf(text: string): string {
  return text
    .split(/[\n,\0]/)[0]
    .replace(/\s*Version:\s*/, " ")
    .trim();
}
