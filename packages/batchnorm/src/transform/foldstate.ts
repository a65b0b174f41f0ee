import { check } from "../errors.ts";
import { absorb } from "../module/absorb.ts";
import type { StateDict, StateEntry } from "../module/state.ts";
import { checkOptions } from "../options.ts";
import { nameOf, typedArrayName } from "../tensor/arrays.ts";
import { sizeOf } from "../tensor/shape.ts";

/** A layer of a state dict and the batch norm right after it, by their names. */
export interface FoldedPair {
  readonly layer: string;
  readonly batchNorm: string;
  /** Of the batch norm; it is not in a state dict. Default 1e-5, PyTorch's. */
  readonly eps?: number;
  /** The layer is a transposed convolution of so many groups: its weight is [in, out / groups, ...]. Default: it is none. */
  readonly transposedGroups?: number;
}

/**
 * A state dict in which batch norms have gone into the weights before them, for a model without them: the layers get a
 * bias, the batch norms' entries are gone. Which layer a batch norm follows is not in a state dict: say it in `pairs`.
 *
 * @returns a new dict; entries that stay are shared with the old one
 * @throws  BatchNormError E_DICT when a name is missing; E_SHAPE when the sizes do not fit; E_VALUE for a variance that
 *          cannot be, weights that are no floats, or an option that is unknown or outside its range
 */
export function foldStateDict(dict: StateDict, pairs: readonly FoldedPair[]): StateDict {
  const folded: StateDict = { ...dict };
  for (const pair of pairs) {
    checkOptions("foldStateDict", pair, ["layer", "batchNorm", "eps", "transposedGroups"]);
    const { layer, batchNorm, eps = 1e-5, transposedGroups } = pair;
    const groups = transposedGroups ?? 1;
    check(eps >= 0 && eps < Number.POSITIVE_INFINITY, "E_VALUE", "foldStateDict", () => {
      return `expected eps of at least 0, got ${eps}`;
    });
    check(Number.isInteger(groups) && groups > 0, "E_VALUE", "foldStateDict", () => {
      return `expected a positive number as transposedGroups, got ${groups}`;
    });
    const entry = (name: string) => (Object.hasOwn(folded, name) ? folded[name] : null);
    const weight = required(entry(`${layer}.weight`), `${layer}.weight`);
    const mean = required(entry(`${batchNorm}.running_mean`), `${batchNorm}.running_mean`).data;
    const variance = required(entry(`${batchNorm}.running_var`), `${batchNorm}.running_var`).data;
    const gamma = entry(`${batchNorm}.weight`)?.data;
    const beta = entry(`${batchNorm}.bias`)?.data;
    const bias = entry(`${layer}.bias`)?.data;
    const kind = typedArrayName(weight.data);
    check(kind === "Float32Array" || kind === "Float64Array", "E_VALUE", "foldStateDict", () => {
      return `expected ${layer}.weight in a Float32Array or a Float64Array, got ${nameOf(weight.data)}`;
    });
    const outputs = transposedGroups ? weight.shape[1] * groups : weight.shape[0];
    const lengths = [mean, variance, gamma, beta, bias].flatMap((values) => values?.length ?? []);
    check(
      lengths.every((length) => length === outputs) && weight.shape[0] % groups === 0,
      "E_SHAPE",
      "foldStateDict",
      () => {
        return `expected ${batchNorm} and ${layer} of ${outputs} channels, got ${[...new Set(lengths)].join(" and ")}`;
      },
    );
    const wrong = Array.from(variance).find((v) => !(v + eps >= 0));
    check(wrong === undefined, "E_VALUE", "foldStateDict", () => {
      return `expected variances of at least 0 in ${batchNorm}, got ${wrong}`;
    });
    const absorbed = absorb({ gamma, beta, mean, variance, eps }, bias);
    const scaleOf = (transposedGroups ? transposedScale : plainScale)(weight, absorbed.scale, groups);
    folded[`${layer}.weight`] = { shape: weight.shape, data: weight.data.map((v, i) => v * scaleOf(i)) };
    folded[`${layer}.bias`] = { shape: [outputs], data: Float32Array.from(absorbed.bias) };
    for (const key of ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]) {
      delete folded[`${batchNorm}.${key}`];
    }
  }
  return folded;
}

function required(entry: StateEntry | null, name: string): StateEntry {
  check(entry !== null, "E_DICT", "foldStateDict", () => `expected a state dict with ${name}`);
  return entry;
}

/** The scale of the value at an index of a weight [out, ...]. */
function plainScale({ shape }: StateEntry, scales: Float64Array): (i: number) => number {
  const each = sizeOf(shape.slice(1));
  return (i) => scales[Math.floor(i / each)];
}

/** Of a weight [in, out / groups, ...]: the inputs of a group lead to the outputs of that group. */
function transposedScale({ shape }: StateEntry, scales: Float64Array, groups: number): (i: number) => number {
  const taps = sizeOf(shape.slice(2));
  const [inputs, perGroup] = shape;
  return (i) => {
    const output = Math.floor(i / taps) % perGroup;
    const group = Math.floor(i / (taps * perGroup) / (inputs / groups));
    return scales[group * perGroup + output];
  };
}
