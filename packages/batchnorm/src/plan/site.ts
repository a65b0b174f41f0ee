import type { Command, Device, Place } from "../device/device.ts";
import { type Args, command } from "../kernels/command.ts";
import { type KernelName, type Limits, limitsOf } from "../kernels/contract.ts";
import type { Arena } from "./arena.ts";
import type { Numbers } from "./numbers.ts";
import type { Parameter, StateTensor } from "./parameter.ts";
import type { Resident } from "./resident.ts";
import type { HostPoint, Step } from "./step.ts";

/** What can be done in the pass of the operation before it, as that operation's last step. */
export type Epilogue = "relu";

/** A value with its memory. */
export interface Operand {
  readonly shape: readonly number[];
  readonly size: number;
  /** float32 [size] */
  readonly at: Place;
}

/** Where a device keeps a parameter, and its gradient: null where nobody wants one. */
export interface Slot {
  readonly value: Place;
  readonly grad: Place | null;
}

/** What of a run is not the same every time. Set before the run. */
export interface RunState {
  /** What part of a batch the input is, where several processes have a share each: examples before it, its own, in all. */
  share: { readonly first: number; readonly count: number; readonly total: number };
  /** Of the step at hand. */
  learningRate: number;
  /** Steps taken before it. */
  stepCount: number;
}

/** How convolutions are done: "accurate" is direct always, "fast" may take Winograd's way. */
export type Convolution = "fast" | "accurate";

/** What is wanted of a plan. */
export interface Wish {
  /** Whose gradients: nobody's, those of trainable parameters, or that of the input too. */
  readonly gradients: "none" | "parameters" | "all";
  /** Eval mode, whatever the layers say of themselves. */
  readonly evaluate: boolean;
  readonly convolution: Convolution;
  /** Parameters do not change any more: what is made of them is made once. */
  readonly constant: boolean;
  /** The backward pass may run again after one forward pass: it does not write over what that has left for it. */
  readonly again?: boolean;
}

/** What whoever adds commands uses of the plan that they are added to. */
export interface Notebook {
  readonly device: Device;
  readonly arena: Arena;
  readonly numbers: Numbers;
  readonly state: RunState;
  add(step: Step): void;
  temporary(count: number): Place;
}

/** What of the plan a site uses; see Binder. */
export interface Host extends Notebook {
  readonly wish: Wish;
  /** What is added meanwhile goes to what is done once, not in every run. */
  once(work: () => void): void;
  parameter(parameter: Parameter): Slot;
  tensor(tensor: StateTensor): Place;
  counter(values: Counter): Place;
  gradientOf(parameter: Parameter): Place | null;
  alone(place: Place): boolean;
}

/** Values of a layer's own that are float64: counters. */
export type Counter = Resident<Float64Array>;

/** Adds commands to a plan, and finds room for what they need. */
export class Emitter {
  readonly #notebook: Notebook;

  constructor(notebook: Notebook) {
    this.#notebook = notebook;
  }

  get device(): Device {
    return this.#notebook.device;
  }

  /** Of the device's build. */
  get limits(): Limits {
    return limitsOf(this.#notebook.device.build);
  }

  /** What of a run is not the same every time. */
  get state(): RunState {
    return this.#notebook.state;
  }

  /** Adds a kernel's run. @param tasks into how many the work is cut: a function of shapes alone */
  command<K extends KernelName>(kernel: K, args: Args<K>, tasks = 1): void {
    this.#notebook.add(command(kernel, args, tasks));
  }

  /** Adds a command that is made already. */
  add(command: Command): void {
    this.#notebook.add(command);
  }

  /** Adds a point where the host acts. */
  point(point: HostPoint): void {
    this.#notebook.add(point);
  }

  /** float32 or int32 for as long as the plan lives. */
  words(count: number): Place {
    return this.#notebook.arena.words(count);
  }

  /** float64 for as long as the plan lives. */
  doubles(count: number): Place {
    return this.#notebook.arena.doubles(count);
  }

  /** float32 until this operation, or its backward pass, has added its commands. */
  temporary(count: number): Place {
    return this.#notebook.temporary(count);
  }

  /** The same of float64. */
  temporaryDoubles(count: number): Place {
    return this.#notebook.temporary(2 * count);
  }

  /** A number that is asked for before every run. */
  number(kind: "f32" | "f64" | "i32" | "u32", get: () => number): Place {
    return this.#notebook.numbers.add(kind, get);
  }
}

/**
 * Where one operation is bound: its inputs, its output, and the lists that its commands go to. Good while `bind` runs, and
 * while the function given to `backward` does.
 */
export class Site extends Emitter {
  readonly path: string;
  readonly inputs: readonly Operand[];
  readonly outputShape: readonly number[];
  /** What is to be done as the last step, in the same pass. */
  readonly epilogue: Epilogue | null;
  readonly host: Host;
  /** What the binder takes from here when `bind` has returned. */
  readonly outcome: {
    output: Operand | null;
    keep: readonly Operand[];
    backward: ((dy: Place) => void) | null;
    gradients: { input: number; at: Place }[];
  } = { output: null, keep: [], backward: null, gradients: [] };
  readonly #wants: readonly boolean[];
  readonly #take: (count: number) => Place;
  readonly #mayReuse: (input: number) => boolean;
  readonly #share: (place: Place) => void;

  constructor(
    host: Host,
    at: {
      path: string;
      inputs: readonly Operand[];
      output: { readonly shape: readonly number[] };
      epilogue: Epilogue | null;
    },
    memory: {
      wants: readonly boolean[];
      take: (count: number) => Place;
      share: (place: Place) => void;
      mayReuse: (input: number) => boolean;
    },
  ) {
    super(host);
    this.host = host;
    this.path = at.path;
    this.inputs = at.inputs;
    this.outputShape = at.output.shape;
    this.epilogue = at.epilogue;
    this.#wants = memory.wants;
    this.#take = memory.take;
    this.#share = memory.share;
    this.#mayReuse = memory.mayReuse;
  }

  /** The first input. */
  get x(): Operand {
    return this.inputs[0];
  }

  get convolution(): Convolution {
    return this.host.wish.convolution;
  }

  /** What is below becomes it, by the epilogue: 0 for a ReLU, −∞ for none. */
  get floor(): number {
    return this.epilogue === "relu" ? 0 : Number.NEGATIVE_INFINITY;
  }

  /** Whether a layer that is in train mode is to do as in training. */
  training(layer: { readonly training: boolean }): boolean {
    return layer.training && !this.host.wish.evaluate;
  }

  /** Memory for the output. @param inPlaceOf  an input of its size that may be overwritten, where nobody needs it any more */
  output(inPlaceOf?: number): Operand {
    const shape = this.outputShape;
    const size = shape.reduce((a, b) => a * b, 1);
    const reused = inPlaceOf !== undefined && this.#mayReuse(inPlaceOf);
    if (reused) return this.alias(inPlaceOf);
    const output = { shape, size, at: this.#take(size) };
    this.outcome.output = output;
    return output;
  }

  /** The output is an input, maybe under another shape: nothing is computed. */
  alias(input: number): Operand {
    const { size, at } = this.inputs[input];
    this.#share(at);
    const output = { shape: this.outputShape, size, at };
    this.outcome.output = output;
    return output;
  }

  /** Where a parameter is; null for one that is absent. */
  parameter(parameter: Parameter | null): Place | null {
    return parameter && this.host.parameter(parameter).value;
  }

  /** Where values of the layer's own are that are no parameters. */
  stateTensor(tensor: StateTensor): Place {
    return this.host.tensor(tensor);
  }

  /** The same for counters. */
  counter(values: Counter): Place {
    return this.host.counter(values);
  }

  /**
   * What is made of parameters before they are used, such as weights laid out: once where they are constant, else before
   * every use.
   */
  prepared(count: number, make: (to: Place) => void): Place {
    if (!this.host.wish.constant) {
      const to = this.temporary(count);
      make(to);
      return to;
    }
    const to = this.words(count);
    this.host.once(() => make(to));
    return to;
  }

  /** Whether the gradient of an input is wanted. */
  wantsGradient(input = 0): boolean {
    return this.#wants[input];
  }

  /**
   * The backward pass: to be told in `bind`; called when the gradient of the output is there, where gradients of inputs or
   * parameters are wanted at all.
   *
   * @param reads  values of the forward pass that it needs
   */
  backward(reads: readonly Operand[], work: (dy: Place) => void): void {
    this.outcome.keep = reads;
    this.outcome.backward = work;
  }

  /** Memory for the gradient of an input, which the backward pass fills; null where nobody wants it. */
  gradient(input = 0, inPlaceOf?: Place): Place | null {
    if (!this.#wants[input]) return null;
    if (inPlaceOf && this.host.alone(inPlaceOf)) {
      this.pass(inPlaceOf, input);
      return inPlaceOf;
    }
    const at = this.#take(this.inputs[input].size);
    this.outcome.gradients.push({ input, at });
    return at;
  }

  /** The gradient of an input is that of the output, as it is. */
  pass(dy: Place, input = 0): void {
    if (!this.#wants[input]) return;
    this.#share(dy);
    this.outcome.gradients.push({ input, at: dy });
  }

  /** The gradient of the output, or a copy's place, to be written into. */
  writable(dy: Place): Place {
    return this.host.alone(dy) ? dy : this.temporary(this.outputShape.reduce((a, b) => a * b, 1));
  }

  /** Where the backward pass writes the gradient of a parameter; null where nobody wants it. */
  gradientOf(parameter: Parameter | null): Place | null {
    return parameter && this.host.gradientOf(parameter);
  }
}
