/** A device that runs nothing and records what it is asked for: for tests of plans, which need no results. */
import type { Command, Device, Place, Program, Region, TypedArray } from "#dist/device/device.js";
import { specification, typeOf } from "#dist/kernels/contract/index.js";
import { type KernelName, kernelNames } from "#dist/kernels/contract.js";

class Block implements Region {
  readonly number: number;
  readonly bytes: number;

  constructor(number: number, bytes: number) {
    this.number = number;
    this.bytes = bytes;
  }
}

/** Commands that were bound together. */
export class Recorded implements Program {
  readonly commands: readonly Command[];

  constructor(commands: readonly Command[]) {
    this.commands = commands;
  }

  get length(): number {
    return this.commands.length;
  }
}

/**
 * What comes out of it is zeros. Commands are held to the contract: a kernel of its, all arguments and no others, numbers
 * where it has numbers, null only where it says so, places within living regions.
 */
export class RecordingDevice implements Device {
  readonly build = "simd";
  readonly runs: Recorded[] = [];
  /** Regions that were allocated and not released. */
  readonly regions = new Set<Region>();
  /** Programs that were bound and not released. */
  readonly programs = new Set<Program>();
  #allocated = 0;
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes of all living regions. */
  get bytes(): number {
    return [...this.regions].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  allocate(bytes: number): Region {
    const region = new Block(this.#allocated++, bytes);
    this.regions.add(region);
    return region;
  }

  release(what: Region | Program): void {
    this.regions.delete(what as Region);
    this.programs.delete(what as Program);
  }

  write(to: Region, offset: number, data: TypedArray): void {
    this.#checkLiving(to, "write");
    if (offset + data.byteLength > to.bytes) throw new Error(`a write of ${data.byteLength} bytes leaves its region`);
  }

  async read(from: Region, offset: number, into: TypedArray): Promise<void> {
    this.#checkLiving(from, "read");
    if (offset + into.byteLength > from.bytes) throw new Error(`a read of ${into.byteLength} bytes leaves its region`);
    into.fill(0);
  }

  supports(kernel: string): boolean {
    return (kernelNames as string[]).includes(kernel);
  }

  async prepare(): Promise<void> {}

  bind(commands: readonly Command[]): Program {
    for (const command of commands) this.#checkCommand(command);
    const program = new Recorded(commands);
    this.programs.add(program);
    return program;
  }

  run(program: Program): void {
    if (this.#closed) throw new Error("expected an open device");
    if (!this.programs.has(program)) throw new Error("expected a program that was not released");
    this.runs.push(program as Recorded);
  }

  close(): void {
    this.#closed = true;
  }

  #checkCommand({ kernel, args, tasks }: Command): void {
    const row = specification[kernel as KernelName];
    if (!row) throw new Error(`expected a kernel of the contract, got ${kernel}`);
    if (!Number.isInteger(tasks) || tasks < 1) throw new Error(`${kernel}: expected tasks, got ${tasks}`);
    const [given, known] = [args, row.args].map((record) => Object.keys(record).sort().join(" "));
    if (given !== known) throw new Error(`${kernel}: expected the arguments ${known}, got ${given}`);
    for (const [name, argument] of Object.entries(row.args)) {
      const value = args[name];
      const what = `${kernel}.${name} (${argument})`;
      if (!typeOf(argument).endsWith("*")) {
        if (typeof value !== "number") throw new Error(`${what}: expected a number, got ${value}`);
      } else if (value === null) {
        if (!/\bor 0\b|not used/.test(argument)) throw new Error(`${what}: expected a place, got none`);
      } else this.#checkPlace(what, value as Place);
    }
  }

  #checkPlace(what: string, { region, offset }: Place): void {
    this.#checkLiving(region, what);
    const width = /\(f64/.test(what) ? 8 : /\(u8/.test(what) ? 1 : 4;
    if (!(Number.isInteger(offset) && offset >= 0 && offset * width < region.bytes)) {
      throw new Error(`${what}: expected a place in a region of ${region.bytes} bytes, got offset ${offset}`);
    }
  }

  #checkLiving(region: Region, what: string): void {
    if (!this.regions.has(region)) throw new Error(`${what}: expected a living region, got one that was released`);
  }
}
