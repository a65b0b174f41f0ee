import type { HostDevice, Place, TypedArray } from "../device/device.ts";
import { Arena } from "./arena.ts";
import { Numbers } from "./numbers.ts";
import { Emitter, type Notebook, type RunState } from "./site.ts";
import { Runner, type Step } from "./step.ts";

/** Commands that are run once, on arrays that are put in place for them: for functions of arrays. */
export class Scene extends Emitter {
  readonly #device: HostDevice;
  readonly #arena: Arena;
  readonly #numbers: Numbers;
  readonly #steps: Step[];

  constructor(device: HostDevice) {
    const arena = new Arena(device);
    const numbers = new Numbers(arena);
    const steps: Step[] = [];
    const state: RunState = { share: { first: 0, count: 0, total: 0 }, learningRate: 0, stepCount: 0 };
    const notebook: Notebook = {
      device,
      arena,
      numbers,
      state,
      add: (step) => steps.push(step),
      temporary: (count) => arena.words(count),
    };
    super(notebook);
    this.#device = device;
    this.#arena = arena;
    this.#numbers = numbers;
    this.#steps = steps;
  }

  /** Memory with these values. */
  place(values: TypedArray): Place {
    const place = { region: this.#arena.allocate(Math.max(values.byteLength, 64)), offset: 0 };
    this.#device.write(place.region, 0, values);
    return place;
  }

  /** Puts values where memory is already. */
  write({ region }: Place, values: TypedArray): void {
    this.#device.write(region, 0, values);
  }

  run(): void {
    this.#numbers.write(this.#device);
    new Runner(this.#device, this.#steps).runNow();
  }

  /** A copy. */
  floats({ region, offset }: Place, count: number): Float32Array {
    return this.#device.view(region).f32.slice(offset, offset + count);
  }

  /** A copy. */
  float64s({ region, offset }: Place, count: number): Float64Array {
    return this.#device.view(region).f64.slice(offset, offset + count);
  }
}
