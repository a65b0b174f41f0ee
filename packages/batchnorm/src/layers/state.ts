import { BatchNormError } from "../errors.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";

/** One array of a state dict. Counters are float64, everything else float32. */
export interface StateEntry {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** A model's weights and running statistics under PyTorch's names. */
export type StateDict = Record<string, StateEntry>;

/** What `loadStateDict` accepts: any numbers, 64-bit integers too, under a shape. */
export type StateInput = Record<string, { shape: readonly number[]; data: ArrayLike<number> | ArrayLike<bigint> }>;

export interface LoadOptions {
  /** False: load what fits by name and report the rest instead of throwing. Default true. */
  strict?: boolean;
}

export interface LoadReport {
  /** Names the model has and the dict lacks. */
  missing: string[];
  /** Names the dict has and the model lacks. */
  unexpected: string[];
}

/** A place a state dict is loaded into. */
export interface StateSlot extends StateEntry {
  /** Stands in where the dict has the layer but no such name. */
  fallback?: number;
  /** Says what is wrong with a value, or null. */
  reject?(value: number): string | null;
}

/**
 * Copies a state dict into place, all of it or, when something does not fit, nothing.
 *
 * @throws BatchNormError E_DICT when a name is missing or unexpected (unless not strict), E_SHAPE for another shape,
 *         E_VALUE for a value that cannot be
 */
export function loadState(
  slots: Record<string, StateSlot>,
  dict: StateInput,
  { strict = true }: LoadOptions,
): LoadReport {
  const missing: string[] = [];
  const ready: [StateSlot, Float64Array][] = [];
  for (const [name, slot] of Object.entries(slots)) {
    const entry = Object.hasOwn(dict, name) ? dict[name] : undefined;
    if (entry) ready.push([slot, converted(name, slot, entry)]);
    else if (slot.fallback === undefined) missing.push(name);
    else if (hasSibling(dict, name)) ready.push([slot, Float64Array.of(slot.fallback)]);
  }
  const unexpected = Object.keys(dict).filter((name) => !Object.hasOwn(slots, name));
  if (strict && (missing.length || unexpected.length)) {
    const parts = [
      missing.length ? `it lacks ${missing.join(", ")}` : "",
      unexpected.length ? `it has ${unexpected.join(", ")}, which the model has not` : "",
    ];
    const what = `expected a state dict with the model's names, but ${parts.filter(Boolean).join("; ")}`;
    throw new BatchNormError("E_DICT", "loadStateDict", `${what} (strict: false loads the rest)`);
  }
  for (const [slot, values] of ready) slot.data.set(values);
  return { missing, unexpected };
}

/** Whether the dict has anything else of the layer that a name belongs to. */
function hasSibling(dict: StateInput, name: string): boolean {
  const layer = name.slice(0, name.lastIndexOf(".") + 1);
  return Object.keys(dict).some((other) => other.startsWith(layer) && !other.slice(layer.length).includes("."));
}

function converted(name: string, slot: StateSlot, entry: StateInput[string]): Float64Array {
  if (!sameShape(entry.shape, slot.shape) || entry.data.length !== sizeOf(slot.shape)) {
    const got = `${formatShape(entry.shape)} with ${entry.data.length} values`;
    throw new BatchNormError(
      "E_SHAPE",
      "loadStateDict",
      `expected ${name} of shape ${formatShape(slot.shape)}, got ${got}`,
    );
  }
  const values = Float64Array.from(entry.data as ArrayLike<number>, Number);
  for (const value of slot.reject ? values : []) {
    const wrong = slot.reject?.(value);
    if (wrong) throw new BatchNormError("E_VALUE", "loadStateDict", `expected ${wrong} in ${name}, got ${value}`);
  }
  return values;
}
