/** What a plan is a list of: commands, and the points where the host must act between them. */
import { type Command, type Device, isHost, type Place, type Program, type TypedArray } from "../device/device.ts";
import { check } from "../errors.ts";

/** What type a place is read or written as. */
export type View = "f32" | "f64" | "i32";

/** Values that a host point sees. */
export interface Span {
  readonly place: Place;
  readonly type: View;
  readonly count: number;
}

/**
 * Where the host acts between two commands: an exchange between processes, a watcher, a layer in plain JavaScript.
 *
 *   act(...values)   one array for each span; those of `writes` are written back after it
 */
export interface HostPoint {
  readonly reads: readonly Span[];
  readonly writes: readonly Span[];
  /** Given the arrays of `reads`, then those of `writes`. On a device that JavaScript can see they are views. */
  act(...values: TypedArray[]): void;
}

export type Step = Command | HostPoint;

const isPoint = (step: Step): step is HostPoint => "act" in step;

/** A list of steps made ready on a device: programs, with host points between them. */
export class Runner {
  readonly #device: Device;
  readonly #parts: (Program | HostPoint)[] = [];
  /** Commands in all. */
  readonly length: number;

  constructor(device: Device, steps: readonly Step[]) {
    this.#device = device;
    let commands: Command[] = [];
    const flush = () => {
      if (commands.length) this.#parts.push(device.bind(commands));
      commands = [];
    };
    for (const step of steps) {
      if (isPoint(step)) {
        flush();
        this.#parts.push(step);
      } else commands.push(step);
    }
    flush();
    this.length = steps.filter((step) => !isPoint(step)).length;
  }

  /** In how many calls of the device it runs. */
  get programs(): number {
    return this.#parts.filter((part) => !("act" in part)).length;
  }

  /** On a device that JavaScript can see, all is done when this returns. */
  async run(): Promise<void> {
    const device = this.#device;
    for (const part of this.#parts) {
      if (!("act" in part)) device.run(part);
      else if (isHost(device)) this.#act(part);
      else await this.#fetch(part);
    }
  }

  /** @throws BatchNormError E_PLATFORM on a device that JavaScript cannot see */
  runNow(): void {
    const device = this.#device;
    check(
      isHost(device),
      "E_PLATFORM",
      "run",
      () => `expected the CPU, got ${device.build}: wait for the result there`,
    );
    for (const part of this.#parts) {
      if ("act" in part) this.#act(part);
      else device.run(part);
    }
  }

  #act({ reads, writes, act }: HostPoint): void {
    act(...[...reads, ...writes].map((span) => viewOf(this.#device, span)));
  }

  async #fetch({ reads, writes, act }: HostPoint): Promise<void> {
    const arrays = [...reads, ...writes].map(({ type, count }) => room(type, count));
    await Promise.all(reads.map((span, i) => readSpan(this.#device, span, arrays[i])));
    act(...arrays);
    writes.forEach(({ place, type }, i) => {
      this.#device.write(place.region, place.offset * widthOf(type), arrays[reads.length + i]);
    });
  }

  release(): void {
    for (const part of this.#parts) if (!("act" in part)) this.#device.release(part);
  }
}

const widthOf = (type: View): number => (type === "f64" ? 8 : 4);

function room(type: View, count: number): TypedArray {
  if (type === "f64") return new Float64Array(count);
  return type === "f32" ? new Float32Array(count) : new Int32Array(count);
}

function readSpan(device: Device, { place, type }: Span, into: TypedArray): Promise<void> {
  return device.read(place.region, place.offset * widthOf(type), into);
}

/** A view of a span in memory that JavaScript can see. */
export function viewOf(device: Device, { place, type, count }: Span): TypedArray {
  check(isHost(device), "E_PLATFORM", "view", () => `expected the CPU, got ${device.build}`);
  const whole = device.view(place.region)[type];
  // What has a region to itself needs no view of its own.
  if (place.offset === 0 && count === whole.length) return whole;
  return whole.subarray(place.offset, place.offset + count);
}

/** A copy of a span in memory that JavaScript can see. */
export function copyOf(device: Device, span: Span): TypedArray {
  const view = viewOf(device, span);
  // `slice` would fill the new array with zeros first.
  return new (view.constructor as new (values: TypedArray) => TypedArray)(view);
}

/** The values of a span: a copy. Taken when it returns where JavaScript can see the device's memory. */
export async function fetchSpan(device: Device, span: Span): Promise<TypedArray> {
  if (isHost(device)) return copyOf(device, span);
  const into = room(span.type, span.count);
  await readSpan(device, span, into);
  return into;
}
