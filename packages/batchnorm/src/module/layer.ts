import { eagerBackward, eagerForward } from "../calls/eager.ts";
import { applied, type Graph, type Traceable, type Value } from "../plan/graph.ts";
import { Parameter, StateTensor } from "../plan/parameter.ts";
import type { Resident } from "../plan/resident.ts";
import type { Random } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Normalization } from "./absorb.ts";
import {
  inStateDict,
  type LoadOptions,
  type LoadReport,
  loadState,
  type StateDict,
  type StateInput,
  type StateSlot,
} from "./state.ts";

/** One value of a layer's own that is kept with the model but not trained. */
export interface OwnState {
  readonly shape: readonly number[];
  readonly resident: Resident<Float32Array> | Resident<Float64Array>;
  /** Stands in where a state dict has the layer but no such name. */
  readonly fallback?: number;
  /** Says what is wrong with a value, or null. */
  reject?(value: number): string | null;
  /** Part of a checkpoint, not of a state dict. */
  readonly internal?: true;
  /** Called when a state dict has replaced the values. */
  replaced?(): void;
}

/** A normalization by constants, of the channels of an axis. */
export interface LayerNormalization extends Normalization {
  readonly axis: number;
  /** What stays in the layer's place when another has taken it. */
  readonly rest: Layer;
}

/**
 * A piece of a network. There are two kinds: an `Operation` says what commands it is made of, a `Module` how other layers
 * make it up. Names, modes, state dicts and calls on tensors follow from the fields of either.
 */
export abstract class Layer implements Traceable {
  /** Train mode or eval mode; of this layer alone. `train()` and `eval()` set it here and in all layers within. */
  training = true;

  /** Adds what it makes of some values to a graph. Called through `of`. */
  abstract trace(graph: Graph, inputs: readonly Value[]): Value;

  /** What it makes of some values while a model is composed. */
  of(x: Value, ...more: Value[]): Value {
    return applied(this, [x, ...more]);
  }

  /** It has a name in the model, by which it is trained and saved: it must be a field of the module that uses it. */
  get attached(): boolean {
    return true;
  }

  /**
   * What decides, beside shapes, which commands it is made of: a plan is good as long as this stays as it is.
   *
   * @param evaluate  in eval mode, whatever it says of itself
   */
  signature(evaluate: boolean): string {
    return this.training && !evaluate ? "t" : "e";
  }

  /**
   * The layer applied to a tensor, now, on the CPU. The result and everything kept for `backward` belong to the garbage
   * collector.
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

  /** What it is in eval mode where it is a normalization by constants, a channel each; null for all that is not. */
  normalization(): LayerNormalization | null {
    return null;
  }

  /**
   * A layer that does what this one does and then normalizes, with that in its weights; null where it cannot be. The formula
   * is `absorb` of "batchnorm/extend".
   */
  absorb(_normalization: LayerNormalization): Layer | null {
    return null;
  }

  /** What does in eval mode what this layer does then: itself, unless there is something simpler. */
  forInference(): Layer {
    return this;
  }

  /** Layers within, by name: those in fields, and those in arrays in fields by their index, in the order of declaration. */
  children(): [name: string, layer: Layer][] {
    return Object.entries(this).flatMap(([name, value]): [string, Layer][] => {
      if (value instanceof Layer) return [[name, value]];
      if (!Array.isArray(value)) return [];
      return value.flatMap((each, i): [string, Layer][] => (each instanceof Layer ? [[`${name}.${i}`, each]] : []));
    });
  }

  /** This layer and all within, outer before inner, each once. */
  *modules(): Generator<Layer> {
    for (const [, layer] of this.namedModules()) yield layer;
  }

  /** The same with their paths, "" for this layer: of one that is in several places, the first. */
  namedModules(): [path: string, layer: Layer][] {
    const found = new Map<Layer, string>();
    const visit = (layer: Layer, path: string) => {
      if (found.has(layer)) return;
      found.set(layer, path);
      for (const [name, child] of layer.children()) visit(child, path ? `${path}.${name}` : name);
    };
    visit(this, "");
    return [...found].map(([layer, path]) => [path, layer]);
  }

  /** Parameters of this layer alone, by name: those in its fields. */
  ownParameters(): Record<string, Parameter | null> {
    return Object.fromEntries(Object.entries(this).filter(([, value]) => value instanceof Parameter));
  }

  /** What else of this layer is kept, by name: by default the `StateTensor` fields that are no parameters. */
  ownState(): Record<string, OwnState> {
    const tensors = Object.entries(this).filter(
      ([, value]) => value instanceof StateTensor && !(value instanceof Parameter),
    ) as [string, StateTensor][];
    return Object.fromEntries(tensors.map(([name, { shape, resident }]) => [name, { shape, resident }]));
  }

  /** The generator this layer draws from as it runs. */
  get random(): Random | null {
    return null;
  }

  /** Parameters of this layer and all within, by their names in the state dict; one in several places by its first. */
  namedParameters(): [name: string, parameter: Parameter][] {
    const seen = new Set<Parameter>();
    return this.namedModules().flatMap(([path, layer]) =>
      Object.entries(layer.ownParameters()).flatMap(([name, parameter]): [string, Parameter][] => {
        if (!parameter || seen.has(parameter)) return [];
        seen.add(parameter);
        return [[path ? `${path}.${name}` : name, parameter]];
      }),
    );
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
    const entries = Object.entries(inStateDict(this.stateSlots()));
    return Object.fromEntries(entries.map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
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
    for (const [name, p] of Object.entries(this.ownParameters())) {
      if (p) slots[name] = slotOf({ shape: p.shape, resident: p.resident });
    }
    for (const [name, own] of Object.entries(this.ownState())) slots[name] = slotOf(own);
    for (const [prefix, child] of this.children()) {
      for (const [name, slot] of Object.entries(child.stateSlots())) slots[`${prefix}.${name}`] = slot;
    }
    return slots;
  }
}

function slotOf({ resident, replaced, ...rest }: OwnState): StateSlot {
  return {
    ...rest,
    get data() {
      return resident.data;
    },
    write(values) {
      resident.write(values);
      replaced?.();
    },
  };
}
