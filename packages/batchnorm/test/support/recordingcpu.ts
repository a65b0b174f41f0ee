/** A CPU that writes down what it is asked to do. */
import { WasmDevice } from "batchnorm";
import type { Command, Program, Region } from "#dist/device/device.js";

export class RecordingCpu extends WasmDevice {
  /** What each call of `bind` was given. */
  readonly bound: (readonly Command[])[] = [];
  /** Calls of `run` since the last `forget`. */
  runs = 0;
  /** The kernels that were run since the last `forget`, one after another. */
  ran: string[] = [];
  readonly #regions = new Set<Region>();
  readonly #commands = new WeakMap<Program, readonly Command[]>();

  override allocate(bytes: number): Region {
    const region = super.allocate(bytes);
    this.#regions.add(region);
    return region;
  }

  override release(what: Region | Program): void {
    super.release(what);
    this.#regions.delete(what as Region);
  }

  /** Of all that is allocated and not yet given back, programs aside. */
  get bytes(): number {
    return [...this.#regions].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  override bind(commands: readonly Command[]): Program {
    const program = super.bind(commands);
    this.bound.push(commands);
    this.#commands.set(program, commands);
    return program;
  }

  override run(program: Program): void {
    super.run(program);
    this.runs++;
    this.ran.push(...(this.#commands.get(program) ?? []).map(({ kernel }) => kernel));
  }

  forget(): void {
    this.bound.length = 0;
    this.ran = [];
    this.runs = 0;
  }
}
