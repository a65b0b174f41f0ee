import { BatchNormError, check } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { checkNumbers, nameOf, typedArrayName } from "../tensor/arrays.ts";
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
  /** True: part of a checkpoint, but of no state dict. */
  internal?: true;
  /** Says what is wrong with a value, or null. */
  reject?(value: number): string | null;
  /** Takes the values in the place of `data.set`, where that is not all there is to do. */
  write?(values: ArrayLike<number>): void;
}

/** The places that a state dict has. */
export function inStateDict(slots: Record<string, StateSlot>): Record<string, StateSlot> {
  return Object.fromEntries(Object.entries(slots).filter(([, slot]) => !slot.internal));
}

/**
 * Copies a state dict into place, all of it or, when something does not fit, nothing.
 *
 * @throws BatchNormError E_DICT when a name is missing or unexpected (unless not strict), or what is given is no state dict;
 *         E_SHAPE for another shape; E_VALUE for a value that cannot be, or an unknown option
 */
export function loadState(slots: Record<string, StateSlot>, dict: StateInput, options: LoadOptions): LoadReport {
  const where = "loadStateDict";
  checkOptions(where, options, ["strict"]);
  check(typeof dict === "object" && dict !== null, "E_DICT", where, () => {
    return `expected a state dict, names with { shape, data }, got ${nameOf(dict)}`;
  });
  const ready = readyState(slots, dict, (code, what) => new BatchNormError(code, where, what));
  const lacking = Object.keys(slots).filter((name) => !Object.hasOwn(dict, name));
  const missing = lacking.filter((name) => slots[name].fallback === undefined);
  const unexpected = Object.keys(dict).filter((name) => !Object.hasOwn(slots, name));
  if (options.strict !== false && (missing.length || unexpected.length)) {
    const parts = [
      missing.length ? `it lacks ${missing.join(", ")}` : "",
      unexpected.length ? `it has ${unexpected.join(", ")}, which the model has not` : "",
    ];
    const what = `expected a state dict with the model's names, but ${parts.filter(Boolean).join("; ")}`;
    throw new BatchNormError("E_DICT", where, `${what} (strict: false loads the rest)`);
  }
  for (const name of lacking) {
    const { fallback } = slots[name];
    if (fallback !== undefined && hasSibling(dict, name)) ready.push([slots[name], [fallback]]);
  }
  writeState(ready);
  return { missing, unexpected };
}

/** Slots with the values that they are to have. */
export type ReadyState = [slot: StateSlot, values: ArrayLike<number>][];

/**
 * What a dict has for the slots, found to fit: `writeState` puts it in place.
 *
 * @param misfit  makes the error to be thrown for something that does not
 */
export function readyState(
  slots: Record<string, StateSlot>,
  dict: StateInput,
  misfit: (code: "E_DICT" | "E_SHAPE" | "E_VALUE", what: string) => BatchNormError,
): ReadyState {
  // Values in memory that will be written to are copied: others may be written over them first.
  const memory = new Set(Object.values(slots).map(({ data }) => data.buffer));
  const names = Object.keys(slots).filter((name) => Object.hasOwn(dict, name));
  return names.map((name) => {
    const slot = slots[name];
    const entry = dict[name];
    const given = typeof entry === "object" && entry !== null && Array.isArray(entry.shape);
    if (!given || entry.data?.length === undefined) {
      throw misfit("E_DICT", `expected ${name} as an object with shape and data, got ${nameOf(entry)}`);
    }
    const { shape, data } = entry;
    if (!sameShape(shape, slot.shape) || data.length !== sizeOf(slot.shape)) {
      const got = `${formatShape(shape)} with ${data.length} values`;
      throw misfit("E_SHAPE", `expected ${name} of shape ${formatShape(slot.shape)}, got ${got}`);
    }
    const values = numbersOf(name, data);
    for (let i = 0; slot.reject && i < values.length; i++) {
      const wrong = slot.reject(values[i]);
      if (wrong) throw misfit("E_VALUE", `expected ${wrong} in ${name}, got ${values[i]}`);
    }
    const shared = ArrayBuffer.isView(values) && memory.has(values.buffer);
    return [slot, shared ? (values as Float32Array).slice() : values];
  });
}

export function writeState(ready: ReadyState): void {
  for (const [slot, values] of ready) {
    if (slot.write) slot.write(values);
    else slot.data.set(values);
  }
}

/** Whether the dict has anything else of the layer that a name belongs to. */
function hasSibling(dict: StateInput, name: string): boolean {
  const layer = name.slice(0, name.lastIndexOf(".") + 1);
  return Object.keys(dict).some((other) => other.startsWith(layer) && !other.slice(layer.length).includes("."));
}

/** An entry's values: typed arrays of numbers as they are, for models are large. */
function numbersOf(name: string, data: StateInput[string]["data"]): ArrayLike<number> {
  const type = typedArrayName(data);
  if (type !== null && !type.startsWith("Big")) return data as ArrayLike<number>;
  if (type === null) checkNumbers("loadStateDict", data, ` in ${name}`);
  return Float64Array.from(data as ArrayLike<number>, Number);
}
