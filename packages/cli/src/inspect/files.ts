import { batchNormKeys } from "batchnorm/diagnose";
import { SafetensorsFile } from "batchnorm/node";
import { findBatchNorms, readModel } from "batchnorm-onnx";
import { InputError } from "../errors.ts";
import { formatOf, modelErrors } from "../modelfile.ts";
import { type FoundBatchNorm, type Inspection, inspect } from "./inspection.ts";

/** PyTorch's, which is not in a state dict. */
export const USUAL_EPS = 1e-5;

/**
 * Finds and diagnoses every batch norm of a model.
 *
 * @param assumedEps  of batch norms in state dicts, which do not tell
 * @throws            InputError when the file is none of a model, or has no batch norm
 */
export async function inspectFile(path: string, assumedEps = USUAL_EPS): Promise<Inspection> {
  const format = formatOf(path);
  const found = await modelErrors(path, () => (format === "ONNX" ? fromOnnx(path) : fromSafetensors(path)));
  if (found.length === 0) {
    const looked = format === "ONNX" ? "no BatchNormalization node" : "no name that ends in running_mean";
    throw new InputError(`${path}: expected a model with batch norm, found ${looked}; has it been folded already?`);
  }
  return { path, format, assumedEps, batchNorms: found.map((each) => inspect(each, assumedEps)) };
}

async function fromOnnx(path: string): Promise<FoundBatchNorm[]> {
  return findBatchNorms(await readModel(path)).map(({ inside, momentum, foldable, ...rest }) => ({
    ...rest,
    name: inside ? `${inside}/${rest.name}` : rest.name,
    momentum: Number((1 - momentum).toPrecision(6)),
    batchesTracked: null,
    fold: "into" in foldable ? { into: foldable.into } : { reason: foldable.reason },
  }));
}

async function fromSafetensors(path: string): Promise<FoundBatchNorm[]> {
  const file = await SafetensorsFile.open(path);
  try {
    const numbers = async (name: string | null) => {
      if (name === null) return null;
      return Float64Array.from((await file.read(name)).data as ArrayLike<number>, Number);
    };
    const found: FoundBatchNorm[] = [];
    for (const keys of batchNormKeys(file.tensors.keys())) {
      const mean = (await numbers(keys.runningMean)) ?? new Float64Array(0);
      found.push({
        name: keys.name,
        channels: mean.length,
        eps: null,
        momentum: null,
        training: null,
        batchesTracked: (await numbers(keys.numBatchesTracked))?.[0] ?? null,
        gamma: (await numbers(keys.weight)) ?? mean.map(() => 1),
        beta: (await numbers(keys.bias)) ?? mean.map(() => 0),
        mean,
        variance: await numbers(keys.runningVar),
        fold: null,
      });
    }
    return found;
  } finally {
    await file.close();
  }
}
