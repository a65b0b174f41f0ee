/** A model's parameters in an engine's memory: side by side by group, so that an optimizer moves each group in one call. */
import type { Arena } from "../engine/arena.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { Parameter } from "../layers/parameter.ts";
import type { Slot } from "../layers/plan.ts";
import type { Block, Optimizer, ParameterGroup } from "./optimizer.ts";

/** Parameters begin at multiples of 16 values, 64 bytes. */
const ALIGN = 16;

export class Weights {
  /** What the optimizer moves. */
  readonly blocks: Block[] = [];
  readonly #slots = new Map<Parameter, Slot>();
  /** Where each trained parameter is: which block, and how many values into it. */
  readonly places = new Map<Parameter, { block: number; offset: number }>();

  /** @throws BatchNormError E_STATE when another trainer holds a parameter, E_VALUE when groups and model do not match */
  constructor(arena: Arena, model: Layer, optimizer: Optimizer) {
    const all = model.parameters();
    check(all.length > 0, "E_VALUE", "Trainer", () => "expected a model with parameters, got one without");
    check(
      all.every((p) => !p.resident),
      "E_STATE",
      "Trainer",
      () => "expected a model that no other trainer holds: close() the other one first",
    );
    for (const group of checkedGroups(all, optimizer.groups)) {
      const trained = group.parameters.filter((p) => p.trainable);
      if (trained.length) this.blocks.push(this.#place(arena, { ...group, parameters: trained }, this.blocks.length));
    }
    const rest = all.filter((p) => !this.#slots.has(p));
    if (rest.length) this.#place(arena, { parameters: rest }, -1);
    for (const [parameter, { value, grad }] of this.#slots) parameter.moveTo({ memory: arena.memory, value, grad });
  }

  #place(arena: Arena, group: ParameterGroup, block: number): Block {
    const padded = (p: Parameter) => Math.ceil(p.size / ALIGN) * ALIGN;
    const count = group.parameters.reduce((sum, p) => sum + padded(p), 0);
    const weight = arena.floats(count);
    const grad = arena.floats(count);
    let offset = 0;
    for (const parameter of group.parameters) {
      this.#slots.set(parameter, { value: weight + 4 * offset, grad: grad + 4 * offset });
      if (block >= 0) this.places.set(parameter, { block, offset });
      offset += padded(parameter);
    }
    return { group, weight, grad, count };
  }

  slot(parameter: Parameter): Slot {
    return this.#slots.get(parameter) as Slot;
  }

  /** Gives the parameters back their own memory, with the values they have now. */
  release(): void {
    for (const parameter of this.#slots.keys()) parameter.moveTo(null);
  }
}

/** Every trainable parameter must be in exactly one group: one left out by mistake would silently not train. */
function checkedGroups(all: Parameter[], groups: ParameterGroup[] | null): ParameterGroup[] {
  if (!groups) return [{ parameters: all }];
  const listed = groups.flatMap((group) => group.parameters);
  const once = listed.length === new Set(listed).size && listed.every((p) => all.includes(p));
  const whole = all.every((p) => !p.trainable || listed.includes(p));
  check(once && whole, "E_VALUE", "Trainer", () => {
    const trainable = all.filter((p) => p.trainable).length;
    const got = `${listed.length} in ${groups.length} groups`;
    return `expected the ${trainable} trainable parameters of the model, each in one group, got ${got}`;
  });
  return groups;
}
