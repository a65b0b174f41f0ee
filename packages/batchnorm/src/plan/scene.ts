import { type Device, isHost, type Place, type TypedArray, type Views } from "../device/device.ts";
import { check } from "../errors.ts";
import { Arena } from "./arena.ts";
import { Numbers } from "./numbers.ts";
import { Emitter, type Notebook, type RunState } from "./site.ts";
import { Runner, type Step } from "./step.ts";

/** Commands that are run once, on arrays that are put in place for them: for functions of arrays. */
export class Scene extends Emitter {
  readonly #device: Device;
  readonly #arena: Arena;
  readonly #numbers: Numbers;
  readonly #steps: Step[];
  #runner: Runner | null = null;

  constructor(device: Device) {
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
    this.#runner = new Runner(this.#device, this.#steps);
    // There are no host points: on a device that JavaScript cannot see, whoever reads waits.
    if (isHost(this.#device)) this.#runner.runNow();
    else void this.#runner.run();
  }

  /** Gives its memory back. */
  release(): void {
    this.#runner?.release();
    this.#arena.free();
  }

  #views({ region }: Place): Views {
    const device = this.#device;
    check(isHost(device), "E_PLATFORM", "Scene", () => `expected the CPU, got ${device.build}`);
    return device.view(region);
  }

  /** A copy. */
  floats(place: Place, count: number): Float32Array {
    return this.#views(place).f32.slice(place.offset, place.offset + count);
  }

  /** A copy. */
  float64s(place: Place, count: number): Float64Array {
    return this.#views(place).f64.slice(place.offset, place.offset + count);
  }
}
