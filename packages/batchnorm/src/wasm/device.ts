import type { Argument, Command, HostDevice, Program, Region, TypedArray, Views } from "../device/device.ts";
import { BatchNormError, check } from "../errors.ts";
import {
  type ArgumentType,
  contract,
  controlBytes,
  type KernelName,
  kernelNames,
  limits,
} from "../kernels/contract.ts";
import { checkOptions } from "../options.ts";
import { bestBuild, compileBuild, type Exports, instantiate, type WasmBuild } from "./builds.ts";
import { COMMAND, CONTROL } from "./control.ts";
import { Memory } from "./memory.ts";
import { failed, Pool } from "./pool.ts";

export interface DeviceOptions {
  /** How many threads share a kernel's tasks, 1 to 64. Default 1. Where memory cannot be shared, 1 whatever is asked. */
  threads?: number;
  /**
   * "per-machine" (default) runs the fastest build; the bits are the same for any number of threads and from run to run.
   * "everywhere" runs plain SIMD: the same bits on every machine and JavaScript engine too.
   */
  deterministic?: "per-machine" | "everywhere";
  /** Names a build instead: for tests and comparisons. */
  build?: WasmBuild;
}

/** A block of linear memory. */
class Block implements Region {
  readonly address: number;
  readonly bytes: number;
  views: Views | null = null;

  constructor(address: number, bytes: number) {
    this.address = address;
    this.bytes = bytes;
  }
}

/** Commands as the kernels' side walks them: see assembly/threads.ts. */
class List implements Program {
  /** Of the list; the structs of the arguments follow it. */
  readonly address: number;
  readonly length: number;
  readonly names: readonly string[];
  /** There is a command that threads can share. */
  readonly shared: boolean;

  constructor(address: number, commands: readonly Command[]) {
    this.address = address;
    this.length = commands.length;
    this.names = commands.map(({ kernel }) => kernel);
    this.shared = commands.some(({ tasks }) => tasks > 1);
  }
}

/** Bytes of a command in a list. */
const ENTRY = 16;

/** How many bytes apart the places are that an offset counts, by what a pointer points at. */
const WIDTH: Readonly<Record<Exclude<ArgumentType, "i32" | "u32" | "f32">, number>> = {
  "f32*": 4,
  "f64*": 8,
  "i32*": 4,
  "u8*": 1,
};

/** Those that nobody closed give their threads back once they are garbage. */
const forgotten = new FinalizationRegistry<Pool>((pool) => pool.close());

/** The CPU: kernels in WebAssembly, over a memory of their own, on one or more threads. */
export class WasmDevice implements HostDevice {
  readonly build: WasmBuild;
  readonly threads: number;
  readonly memory: Memory;
  readonly #kernels: Exports;
  readonly #pool: Pool | null = null;
  #closed = false;

  /**
   * @throws BatchNormError E_VALUE when `threads` is no integer from 1 to 64, or for an unknown option; E_PLATFORM without WebAssembly SIMD
   */
  constructor(options: DeviceOptions = {}) {
    checkOptions("Device", options, ["threads", "deterministic", "build"]);
    const { threads = 1, deterministic = "per-machine", build } = options;
    check(Number.isInteger(threads) && threads >= 1 && threads <= 64, "E_VALUE", "Device", () => {
      return `expected threads from 1 to 64, got ${threads}`;
    });
    check(deterministic === "per-machine" || deterministic === "everywhere", "E_VALUE", "Device", () => {
      return `expected deterministic "per-machine" or "everywhere", got ${JSON.stringify(deterministic)}`;
    });
    check(build === undefined || build === "simd" || build === "relaxed", "E_VALUE", "Device", () => {
      return `expected build "simd" or "relaxed", got ${JSON.stringify(build)}`;
    });
    this.build = build ?? (deterministic === "everywhere" ? "simd" : bestBuild());
    this.threads = canShareMemory() ? threads : 1;
    const shared = this.threads > 1;
    const scratch = CONTROL + controlBytes;
    this.memory = new Memory(shared, scratch + this.threads * limits.scratchBytes);
    const module = compileBuild(this.build, shared);
    this.#kernels = instantiate(module, this.memory.wasm, scratch);
    if (shared) {
      const others = Array.from({ length: this.threads - 1 }, (_, i) => scratch + (i + 1) * limits.scratchBytes);
      this.#pool = new Pool(this.memory.wasm, this.#kernels, module, others);
      forgotten.register(this, this.#pool, this);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  allocate(bytes: number): Region {
    return new Block(this.memory.allocate(bytes), bytes);
  }

  release(what: Region | Program): void {
    this.memory.release((what as Block | List).address);
  }

  write(to: Region, offset: number, data: TypedArray): void {
    const { address } = to as Block;
    // What is written most, and often little of it: no view is made for it.
    if (data instanceof Float32Array) this.memory.f32.set(data, (address + offset) >> 2);
    else this.memory.u8.set(bytesOf(data), address + offset);
  }

  async read(from: Region, offset: number, into: TypedArray): Promise<void> {
    const start = (from as Block).address + offset;
    bytesOf(into).set(this.memory.u8.subarray(start, start + into.byteLength));
  }

  view(region: Region): Views {
    const block = region as Block;
    const { buffer } = this.memory.u8;
    if (block.views?.u8.buffer !== buffer) {
      const { address, bytes } = block;
      block.views = {
        f32: new Float32Array(buffer, address, bytes >> 2),
        f64: new Float64Array(buffer, address, bytes >> 3),
        i32: new Int32Array(buffer, address, bytes >> 2),
        u8: new Uint8Array(buffer, address, bytes),
      };
    }
    return block.views;
  }

  supports(kernel: string): boolean {
    return Object.hasOwn(contract, kernel);
  }

  /** The build's kernels were compiled as the device was made. */
  async prepare(_kernels: readonly string[]): Promise<void> {}

  /** @throws BatchNormError E_VALUE for more tasks or commands than threads can count, or a command without tasks */
  bind(commands: readonly Command[]): Program {
    checkCounts(commands);
    const sizes = commands.map(({ kernel }) => 4 * Object.keys(contract[kernel as KernelName]).length);
    const address = this.memory.allocate(ENTRY * commands.length + sizes.reduce((a, b) => a + b, 0));
    const { i32, f32, u8 } = this.memory;
    const words = new Uint32Array(u8.buffer);
    let struct = address + ENTRY * commands.length;
    commands.forEach(({ kernel, args, tasks }, i) => {
      i32.set([kernelNames.indexOf(kernel as KernelName), struct, tasks, 0], (address + ENTRY * i) >> 2);
      for (const [j, [name, type]] of Object.entries<ArgumentType>(contract[kernel as KernelName]).entries()) {
        const at = (struct >> 2) + j;
        const value = args[name];
        if (type === "f32") f32[at] = value as number;
        else if (type === "i32") i32[at] = value as number;
        else words[at] = type === "u32" ? (value as number) : addressOf(value, WIDTH[type]);
      }
      struct += sizes[i];
    });
    return new List(address, commands);
  }

  run(program: Program): void {
    if (this.#closed) throw closed();
    const { address, length, names, shared } = program as List;
    // Waking a thread takes longer than many a list that it could not help with.
    if (this.#pool && shared) this.#pool.run(address, names);
    else {
      this.#pool?.abandon();
      try {
        this.#kernels.walkAlone(CONTROL, address, length);
      } catch (cause) {
        throw failed(names[this.memory.i32[COMMAND]], cause);
      }
    }
  }

  /** Ends the threads. Any later run throws E_STATE. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool?.close();
    forgotten.unregister(this);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function checkCounts(commands: readonly Command[]): void {
  const { listCommands, commandTasks } = limits;
  const { length } = commands;
  check(length <= listCommands, "E_VALUE", "Device", () => `expected at most ${listCommands} commands, got ${length}`);
  for (const { kernel, tasks } of commands) {
    check(tasks >= 1 && tasks <= commandTasks, "E_VALUE", "Device", () => {
      return `expected ${kernel} in 1 to ${commandTasks} tasks, got ${tasks}`;
    });
  }
}

function addressOf(value: Argument, width: number): number {
  if (value === null) return 0;
  const { region, offset } = value as Exclude<Argument, number | null>;
  return (region as Block).address + offset * width;
}

function closed(): BatchNormError {
  return new BatchNormError("E_STATE", "Device", "expected an open device; this one was closed. Make a new one");
}

/** In a page that needs cross-origin isolation. */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
}
