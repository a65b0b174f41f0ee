import { BatchNormError, check } from "../errors.ts";
import {
  type Arguments,
  contract,
  type KernelFunction,
  type KernelName,
  type Kernels,
  kernelNames,
  limits,
} from "../kernels/contract.ts";
import { bestBuild, compileBuild, instantiate, type WasmBuild } from "../kernels/wasm.ts";
import type { Arena } from "./arena.ts";
import { Memory } from "./memory.ts";
import { CONTROL, CONTROL_BYTES, Pool } from "./pool.ts";

export interface EngineOptions {
  /** How many threads share a kernel's tasks, 1 to 64. Default 1. Where memory cannot be shared, 1 whatever is asked. */
  threads?: number;
  /**
   * "per-machine" (default) runs the fastest build; the bits are the same for any number of threads and from run to run.
   * "everywhere" runs plain SIMD: the same bits on every machine and JavaScript engine too.
   */
  deterministic?: "per-machine" | "everywhere";
  /**
   * "fast" (default): 3×3 convolutions go by Winograd's F(4×4, 3×3) where that is quicker; errors in docs/kernels.md.
   * "accurate": every convolution is direct.
   */
  convolution?: "fast" | "accurate";
  /**
   * Names a build instead: for tests and comparisons. "reference" is plain float64 loops, and slow; it is not in the
   * library's main module, `enableReference` of "batchnorm/reference" provides it.
   */
  build?: Build;
}

export type Build = WasmBuild | "reference";

/** The reference's kernels over a memory, once somebody has provided them. */
let reference: ((memory: WebAssembly.Memory) => Kernels) | null = null;

export function provideReference(make: (memory: WebAssembly.Memory) => Kernels): void {
  reference = make;
}

/** The kernels, over a memory of their own, on one or more threads. */
export class Engine {
  readonly memory: Memory;
  readonly build: Build;
  readonly threads: number;
  readonly convolution: "fast" | "accurate";
  readonly #kernels: Record<KernelName, KernelFunction>;
  readonly #pool: Pool | null = null;
  #closed = false;

  /**
   * @throws BatchNormError E_VALUE when `threads` is no integer from 1 to 64; E_PLATFORM without WebAssembly SIMD
   */
  constructor({ threads = 1, deterministic = "per-machine", convolution = "fast", build }: EngineOptions = {}) {
    this.convolution = convolution;
    check(Number.isInteger(threads) && threads >= 1 && threads <= 64, "E_VALUE", "Engine", () => {
      return `expected threads from 1 to 64, got ${threads}`;
    });
    check(deterministic === "per-machine" || deterministic === "everywhere", "E_VALUE", "Engine", () => {
      return `expected deterministic "per-machine" or "everywhere", got ${JSON.stringify(deterministic)}`;
    });
    this.build = build ?? (deterministic === "everywhere" ? "simd" : bestBuild());
    this.threads = this.build !== "reference" && canShareMemory() ? threads : 1;
    const shared = this.threads > 1;
    const scratch = CONTROL + CONTROL_BYTES;
    this.memory = new Memory(shared, scratch + this.threads * limits.scratchBytes);
    if (this.build === "reference") {
      check(reference !== null, "E_PLATFORM", "Engine", () => {
        return 'expected the reference to be there: call enableReference() of "batchnorm/reference" first';
      });
      this.#kernels = reference(this.memory.wasm);
      return;
    }
    const module = compileBuild(this.build, shared);
    const kernels = instantiate(module, this.memory.wasm, scratch);
    this.#kernels = kernels;
    if (shared) {
      const others = Array.from({ length: this.threads - 1 }, (_, i) => scratch + (i + 1) * limits.scratchBytes);
      this.#pool = new Pool(this.memory, kernels, module, others);
    }
  }

  /**
   * A kernel with its arguments in place, to be run again and again.
   *
   * @param tasks into how many tasks the work is cut: a function of the shapes alone, never of the number of threads
   */
  call<K extends KernelName>(arena: Arena, name: K, args: Arguments<K>, tasks = 1): Call<K> {
    return new Call(this, arena, name, args, tasks);
  }

  /** The kernel itself, to be called with an address and a task. */
  kernel(name: KernelName): KernelFunction {
    return this.#kernels[name];
  }

  /** Runs all tasks of a call; in order of their number where there is one thread. */
  run(index: number, kernel: KernelFunction, args: number, tasks: number): void {
    if (this.#closed) throw closed();
    if (this.#pool && tasks > 1) this.#pool.run(index, kernel, args, tasks);
    else for (let task = 0; task < tasks; task++) kernel(args, task);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the threads. Any later call throws E_STATE; closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool?.close();
  }
}

function closed(): BatchNormError {
  return new BatchNormError("E_STATE", "Engine", "expected an open engine; this one was closed. Make a new one");
}

/** In a page that needs cross-origin isolation. */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
}

/** See `Engine.call`. */
export class Call<K extends KernelName = KernelName> {
  readonly name: K;
  readonly tasks: number;
  readonly #engine: Engine;
  readonly #kernel: KernelFunction;
  readonly #index: number;
  readonly #address: number;
  readonly #slots: Record<string, number> = {};
  readonly #floats: Record<string, boolean> = {};

  constructor(engine: Engine, arena: Arena, name: K, args: Arguments<K>, tasks: number) {
    const types = Object.entries(contract[name]);
    this.name = name;
    this.tasks = tasks;
    this.#engine = engine;
    this.#kernel = engine.kernel(name);
    this.#index = kernelNames.indexOf(name);
    this.#address = arena.allocate(4 * types.length);
    types.forEach(([argument, type], i) => {
      this.#slots[argument] = (this.#address >> 2) + i;
      this.#floats[argument] = type === "f32";
      this.set(argument as keyof Arguments<K>, (args as Record<string, number>)[argument]);
    });
  }

  /** Changes one argument for the runs to come. */
  set(argument: keyof Arguments<K>, value: number): void {
    const { f32, i32 } = this.#engine.memory;
    const slot = this.#slots[argument as string];
    if (this.#floats[argument as string]) f32[slot] = value;
    else i32[slot] = value;
  }

  run(): void {
    this.#engine.run(this.#index, this.#kernel, this.#address, this.tasks);
  }
}
