import type { Random } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { eagerBackward, eagerForward } from "./eager.ts";
import type { Parameter } from "./parameter.ts";
import type { Bindable, Plan, Value } from "./plan.ts";
import {
  inStateDict,
  type LoadOptions,
  type LoadReport,
  loadState,
  type StateDict,
  type StateInput,
  type StateSlot,
} from "./state.ts";

/**
 * A piece of a network. A layer says in `bind` what it does to a value; everything else follows from that: calling it on
 * tensors here, and training it inside an engine.
 */
export abstract class Layer implements Bindable {
  /** Train mode or eval mode; of this layer alone. `train()` and `eval()` set it here and in all layers within. */
  training = true;

  /** What the layer does to a value, with its buffers in the plan's arena. Called through `attach`. */
  protected abstract bind(plan: Plan, x: Value): Value;

  /** Binds the layer to a plan after whatever gives x. */
  attach(plan: Plan, x: Value): Value {
    plan.enter(this, x);
    const y = this.bind(plan, x);
    plan.handOver(x, y);
    return y;
  }

  /** Whether the layer can take a ReLU along, in the same pass over memory: see `bindWithRelu`. */
  protected takesRelu(_plan: Plan, _x: Value): boolean {
    return false;
  }

  /** `bind`, with a ReLU after it. Called only where `takesRelu`. */
  protected bindWithRelu(plan: Plan, x: Value): Value {
    return this.bind(plan, x);
  }

  /** As `attach`, with a ReLU after it; null where the layer takes none. */
  attachWithRelu(plan: Plan, x: Value): Value | null {
    if (!this.takesRelu(plan, x)) return null;
    plan.enter(this, x);
    const y = this.bindWithRelu(plan, x);
    plan.handOver(x, y);
    return y;
  }

  /**
   * The layer applied to a tensor. The result and everything kept for `backward` belong to the garbage collector.
   *
   * @throws BatchNormError E_SHAPE when the layer does not take such a tensor
   */
  forward(x: Tensor): Tensor {
    return eagerForward(this, x);
  }

  /**
   * The gradient of the input of the most recent `forward`; adds to the `grad` of the layer's parameters.
   *
   * @param dy the gradient of that forward's result, of its shape
   * @throws BatchNormError E_STATE without a forward pass before; E_SHAPE for another shape
   */
  backward(dy: Tensor): Tensor {
    return eagerBackward(this, dy);
  }

  /** Layers within, by name. */
  children(): [name: string, layer: Layer][] {
    return [];
  }

  /** This layer and all within, outer before inner. */
  *modules(): Generator<Layer> {
    yield this;
    for (const [, child] of this.children()) yield* child.modules();
  }

  /** Parameters of this layer alone, by name. */
  protected ownParameters(): Record<string, Parameter | null> {
    return {};
  }

  /** What else of this layer belongs in a state dict, by name. */
  protected ownState(): Record<string, StateSlot> {
    return {};
  }

  /** The generator this layer draws from as it runs. */
  get random(): Random | null {
    return null;
  }

  /** Parameters of this layer and all within, by their names in the state dict. */
  namedParameters(): [name: string, parameter: Parameter][] {
    const own = Object.entries(this.ownParameters()).filter(([, p]) => p) as [string, Parameter][];
    const below = this.children().flatMap(([prefix, child]) =>
      child.namedParameters().map(([name, p]): [string, Parameter] => [`${prefix}.${name}`, p]),
    );
    return [...own, ...below];
  }

  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  train(): this {
    for (const layer of this.modules()) layer.training = true;
    return this;
  }

  eval(): this {
    for (const layer of this.modules()) layer.training = false;
    return this;
  }

  /** A copy of all parameters and running statistics, under the names that PyTorch would give them. */
  stateDict(): StateDict {
    const copies = Object.entries(inStateDict(this.stateSlots())).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.slice() },
    ]);
    return Object.fromEntries(copies);
  }

  /**
   * Copies a state dict into this layer: all of it or, when something does not fit, nothing.
   *
   * @throws BatchNormError E_DICT, E_SHAPE or E_VALUE, see `loadState`
   */
  loadStateDict(dict: StateInput, options: LoadOptions = {}): LoadReport {
    return loadState(inStateDict(this.stateSlots()), dict, options);
  }

  /** Where the state is, by name. */
  stateSlots(): Record<string, StateSlot> {
    const slots: Record<string, StateSlot> = {};
    for (const [name, p] of Object.entries(this.ownParameters())) if (p) slots[name] = { shape: p.shape, data: p.data };
    Object.assign(slots, this.ownState());
    for (const [prefix, child] of this.children()) {
      for (const [name, slot] of Object.entries(child.stateSlots())) slots[`${prefix}.${name}`] = slot;
    }
    return slots;
  }
}
