import type { Device, Place, Region } from "../device/device.ts";
import type { Arena } from "./arena.ts";

/** How a number is kept; each takes eight bytes. */
type Kind = "f32" | "f64" | "i32" | "u32";

/** Numbers of one block; a plan with more has several. */
const EACH = 128;

/**
 * What changes from run to run without being data: a learning rate, the key of a Dropout, a share's place in its batch.
 * Each is a place that kernels read; before a run all are asked for and written in one go.
 */
export class Numbers {
  readonly #arena: Arena;
  readonly #blocks: { region: Region; bytes: DataView<ArrayBuffer> }[] = [];
  readonly #cells: { put: (value: number) => void; get: () => number }[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** A place for one number, asked for before every run, in the order in which they were added. */
  add(kind: Kind, get: () => number): Place {
    const at = this.#cells.length % EACH;
    if (at === 0) {
      const bytes = new DataView(new ArrayBuffer(8 * EACH));
      this.#blocks.push({ region: this.#arena.allocate(8 * EACH), bytes });
    }
    const { region, bytes } = this.#blocks[this.#blocks.length - 1];
    const write = { f32: "setFloat32", f64: "setFloat64", i32: "setInt32", u32: "setUint32" } as const;
    const put = (value: number) => bytes[write[kind]](8 * at, value, true);
    this.#cells.push({ put, get });
    return { region, offset: kind === "f64" ? at : 2 * at };
  }

  /** Asks for all numbers and writes them. */
  write(device: Device): void {
    for (const { put, get } of this.#cells) put(get());
    for (const { region, bytes } of this.#blocks) device.write(region, 0, new Uint8Array(bytes.buffer));
  }
}
