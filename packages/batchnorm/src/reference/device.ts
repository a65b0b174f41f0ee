import type { Argument, Command, Device, Place, Program, Region, TypedArray } from "../device/device.ts";
import { BatchNormError, check } from "../errors.ts";
import { type ArgumentType, contract, type KernelName, limitsOf } from "../kernels/contract.ts";
import { referenceOf } from "../kernels/reference.ts";

/** A region is an array of its own, so that a kernel which leaves it is noticed, and so is one that was given back. */
class Block implements Region {
  readonly bytes: number;
  readonly buffer: ArrayBuffer;
  released = false;

  constructor(bytes: number) {
    // Whole float64, so that every view fits.
    this.buffer = new ArrayBuffer(8 * Math.ceil(bytes / 8));
    this.bytes = bytes;
  }
}

type Kernel = (args: Record<string, unknown>, task: number) => void;

class Calls implements Program {
  readonly calls: readonly { kernel: Kernel; args: Record<string, unknown>; tasks: number }[];
  /** All that it works on. */
  readonly blocks: ReadonlySet<Block>;
  released = false;

  constructor(calls: Calls["calls"], blocks: ReadonlySet<Block>) {
    this.calls = calls;
    this.blocks = blocks;
  }

  get length(): number {
    return this.calls.length;
  }
}

/**
 * Every kernel as plain loops in float64, rounded once: what the others are held to. Its work is done a while after it is
 * asked for, as on a device that JavaScript cannot see into, so that only a read that was waited for tells what came out.
 * Slow, and for comparison.
 *
 *   const trainer = new Trainer(model, { optimizer, device: new ReferenceDevice() });
 */
export class ReferenceDevice implements Device {
  readonly build = "reference";
  readonly #kernels = referenceOf(limitsOf("reference"));
  #closed = false;
  /** Resolves when all that was asked for so far is done. */
  #done: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  /** Of the first kernel that failed: the next read tells. */
  #failure: unknown = null;

  get closed(): boolean {
    return this.#closed;
  }

  allocate(bytes: number): Region {
    return new Block(bytes);
  }

  release(what: Region | Program): void {
    checkKept(what as Block | Calls);
    (what as Block | Calls).released = true;
  }

  write(to: Region, offset: number, data: TypedArray): void {
    checkKept(to as Block);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.#later(() => new Uint8Array((to as Block).buffer).set(bytes, offset));
  }

  async read(from: Region, offset: number, into: TypedArray): Promise<void> {
    checkKept(from as Block);
    await new Promise<void>((resolve, reject) => {
      this.#later(() => {
        if (this.#failure) {
          reject(this.#failure);
          return;
        }
        const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
        bytes.set(new Uint8Array((from as Block).buffer, offset, bytes.length));
        resolve();
      });
    });
  }

  supports(kernel: string): boolean {
    return Object.hasOwn(contract, kernel);
  }

  async prepare(_kernels: readonly string[]): Promise<void> {}

  bind(commands: readonly Command[]): Program {
    const calls = commands.map(({ kernel, args, tasks }) => {
      const types = Object.entries<ArgumentType>(contract[kernel as KernelName]);
      const named = Object.fromEntries(types.map(([name, type]) => [name, argumentOf(args[name], type)]));
      return { kernel: this.#kernels[kernel as KernelName] as Kernel, args: named, tasks };
    });
    const places = commands.flatMap(({ args }) => Object.values(args).filter((value) => typeof value === "object"));
    return new Calls(calls, new Set(places.flatMap((place) => (place ? [place.region as Block] : []))));
  }

  run(program: Program): void {
    if (this.#closed) {
      throw new BatchNormError("E_STATE", "Device", "expected an open device; this one was closed. Make a new one");
    }
    const { calls, blocks } = program as Calls;
    for (const each of [program as Calls, ...blocks]) checkKept(each);
    this.#later(() => {
      for (const { kernel, args, tasks } of calls) {
        for (let task = 0; task < tasks; task++) kernel(args, task);
      }
    });
  }

  close(): void {
    this.#closed = true;
  }

  /** After all that was asked for before, in a turn of the event loop of its own. */
  #later(work: () => void): void {
    this.#waiting.push(work);
    if (this.#waiting.length > 1) return;
    this.#done = this.#done.then(nextTurn).then(() => {
      for (const each of this.#waiting.splice(0)) {
        try {
          each();
        } catch (error) {
          this.#failure ??= error;
        }
      }
    });
  }
}

/** Whoever uses what was given back would find somebody else's values there on another device. */
function checkKept({ released }: Block | Calls): void {
  check(!released, "E_STATE", "Device", () => "expected memory or a program that is in use, got one that was released");
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}

/** Arrays that begin where a place is; of nothing for one that is absent. */
function argumentOf(value: Argument, type: ArgumentType): unknown {
  if (type === "f32") return Math.fround(value as number);
  if (type === "i32" || type === "u32") return value;
  const place = value as Place | null;
  const buffer = place ? (place.region as Block).buffer : new ArrayBuffer(0);
  const offset = place?.offset ?? 0;
  if (type === "f32*") return new Float32Array(buffer, 4 * offset);
  if (type === "f64*") return new Float64Array(buffer, 8 * offset);
  if (type === "i32*") return new Int32Array(buffer, 4 * offset);
  return new Uint8Array(buffer, offset);
}
