/** What a model is bound for, beside the shape of its input. It is asked for before each call and each step. */
import type { Bindee } from "../plan/bound.ts";
import { numberOf } from "../plan/identity.ts";
import type { Parameter } from "../plan/parameter.ts";

/** A layer, as far as its modes are concerned. */
export interface Modal extends Bindee {
  namedModules(): [path: string, layer: ReturnType<Bindee["namedModules"]>[number][1] & Signed][];
}

interface Signed {
  signature(evaluate: boolean): string;
  ownParameters(): Record<string, unknown>;
}

const parametersOf = (module: Signed) => Object.values(module.ownParameters()) as (Parameter | null)[];

/** A module's fields as they were. Whether they still are is found out without making anything. */
class Snapshot {
  readonly #module: Signed;
  readonly #evaluate: boolean;
  readonly #signature: string;
  readonly #names: readonly string[];
  readonly #values: readonly unknown[];
  readonly #trainable: readonly (readonly [Parameter, boolean])[];

  constructor(module: Signed, evaluate: boolean) {
    this.#module = module;
    this.#evaluate = evaluate;
    this.#signature = module.signature(evaluate);
    this.#names = Object.keys(module);
    this.#values = Object.values(module).map((value) => (Array.isArray(value) ? value.slice() : value));
    this.#trainable = parametersOf(module).flatMap((p) => (p ? [[p, p.trainable] as const] : []));
  }

  get holds(): boolean {
    const fields = this.#module as unknown as Record<string, unknown>;
    const names = this.#names;
    let count = 0;
    for (const name in fields) if (name !== names[count++]) return false;
    if (count !== names.length) return false;
    for (let i = 0; i < names.length; i++) if (!isSame(fields[names[i]], this.#values[i])) return false;
    for (const [parameter, trainable] of this.#trainable) if (parameter.trainable !== trainable) return false;
    return this.#module.signature(this.#evaluate) === this.#signature;
  }
}

function isSame(now: unknown, then: unknown): boolean {
  if (now === then) return true;
  if (!Array.isArray(now) || !Array.isArray(then) || now.length !== then.length) return false;
  for (let i = 0; i < now.length; i++) if (now[i] !== then[i]) return false;
  return true;
}

/** A signature that was made, and of what. */
interface Known {
  signature: string;
  snapshots: Snapshot[];
}

const inOwnModes = new WeakMap<Modal, Known>();
const inEvaluation = new WeakMap<Modal, Known>();

/**
 * The layers and parameters of a model, their modes, and which parameters are trained. Equal while a plan is good.
 *
 * @param evaluate  in eval mode, whatever the layers say of themselves
 */
export function signatureOf(layer: Modal, evaluate = false): string {
  const all = evaluate ? inEvaluation : inOwnModes;
  const known = all.get(layer);
  if (known?.snapshots.every((snapshot) => snapshot.holds)) return known.signature;
  const modules = layer.namedModules().map(([, module]) => module);
  const signature = modules.map((module) => signed(module, evaluate)).join(" ");
  all.set(layer, { signature, snapshots: modules.map((module) => new Snapshot(module, evaluate)) });
  return signature;
}

function signed(module: Signed, evaluate: boolean): string {
  const parameters = parametersOf(module).map((p) => p && `${numberOf(p)}${p.trainable ? "t" : "f"}`);
  return `${numberOf(module)}${module.signature(evaluate)}${parameters}`;
}
