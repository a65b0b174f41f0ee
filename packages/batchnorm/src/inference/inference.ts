import { Arena } from "../engine/arena.ts";
import { Engine, type EngineOptions } from "../engine/engine.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { keepingModes } from "../layers/mode.ts";
import type { Parameter } from "../layers/parameter.ts";
import { Plan, type Slot, type Value } from "../layers/plan.ts";
import { checkTensor, Tensor } from "../tensor/tensor.ts";
import { fold } from "../transform/fold.ts";

/** Shapes of input that the model stays bound to. */
const MOST_SHAPES = 4;

interface Bound {
  readonly arena: Arena;
  readonly plan: Plan;
  readonly input: Value;
  readonly output: Value;
}

/**
 * A trained model made ready to give results, as fast as it can: batch norm is folded into the weights, which are copied
 * and laid out once. What happens to the model afterwards is not seen, but for the running statistics of a batch norm inside a
 * layer of your own, which `fold` cannot look into.
 *
 *   const inference = new Inference(model, { threads: 2 });
 *   const logits = inference.predict(x);
 *
 * @throws BatchNormError E_VALUE for options out of range
 */
export class Inference {
  readonly engine: Engine;
  readonly #model: Layer;
  readonly #modules: Layer[];
  readonly #slots = new Map<Parameter, Slot>();
  /** Oldest first. */
  readonly #bound = new Map<string, Bound>();

  constructor(model: Layer, options: EngineOptions = {}) {
    this.engine = new Engine(options);
    this.#model = fold(model);
    this.#modules = [...this.#model.modules()];
    const { memory } = this.engine;
    const arena = new Arena(memory);
    for (const parameter of this.#model.parameters()) {
      const value = arena.floats(parameter.size);
      memory.f32.set(parameter.data, value >> 2);
      this.#slots.set(parameter, { value, grad: 0 });
    }
  }

  /**
   * What the model gives for a batch, in eval mode.
   *
   * @throws BatchNormError E_SHAPE when the model does not take it; E_STATE after `close`
   */
  predict(x: Tensor): Tensor {
    check(
      !this.engine.closed,
      "E_STATE",
      "Inference",
      () => "expected an open one; this one was closed. Make a new one",
    );
    checkTensor("Inference.predict", x);
    const { plan, input, output } = this.#bind(x.shape);
    const { f32 } = this.engine.memory;
    f32.set(x.data, input.at >> 2);
    // Layers that `fold` does not know are shared with the model, whose mode is its own affair.
    keepingModes(this.#modules, () => {
      this.#model.eval();
      plan.forward();
    });
    return new Tensor(f32.slice(output.at >> 2, (output.at >> 2) + output.size), output.shape);
  }

  #bind(shape: readonly number[]): Bound {
    const known = this.#bound.get(`${shape}`);
    if (known) return known;
    if (this.#bound.size >= MOST_SHAPES) {
      const [oldest, { arena }] = this.#bound.entries().next().value as [string, Bound];
      this.#bound.delete(oldest);
      arena.free();
    }
    const arena = new Arena(this.engine.memory);
    const slotOf = (parameter: Parameter) => this.#slots.get(parameter) as Slot;
    const plan = new Plan(this.engine, arena, { differentiable: false, constant: true, slotOf });
    try {
      const input = plan.value(shape);
      const bound = { arena, plan, input, output: this.#model.attach(plan, input) };
      this.#bound.set(`${shape}`, bound);
      return bound;
    } catch (error) {
      arena.free();
      throw error;
    }
  }

  /** Ends the threads. Further use throws E_STATE; closing again does nothing. */
  close(): void {
    this.engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
