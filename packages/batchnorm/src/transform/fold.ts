import { BatchNorm } from "../layers/batchnorm.ts";
import { Concat } from "../layers/concat.ts";
import { Conv2d } from "../layers/conv.ts";
import { Dropout } from "../layers/dropout.ts";
import type { Layer } from "../layers/layer.ts";
import { Linear } from "../layers/linear.ts";
import { Residual } from "../layers/residual.ts";
import { Sequential } from "../layers/sequential.ts";
import { defaultRandom } from "../tensor/random.ts";
import { absorb } from "./absorb.ts";

/**
 * What a trained model does in eval mode, with less to do: in a Sequential a batch norm goes into the weights of the
 * Conv2d or Linear before it, and Dropout is left out.
 *
 *   W′ = W·gamma/√(var + ε)      b′ = (b − mean)·gamma/√(var + ε) + beta
 *
 * The arithmetic is in float64, rounded once. A batch norm that nothing stands before it is copied, frozen; one without
 * running statistics, and layers that hold no batch norm, are taken as they are and shared with the model. Sequential,
 * Residual and Concat are made anew, with other names in the state dict where layers went.
 *
 * @returns a new model; the old one is not changed
 * @see     Ioffe & Szegedy 2015, Algorithm 2
 */
export function fold(model: Layer): Layer {
  // New layers draw initial weights, which are overwritten: the program's generator does not move for that.
  const { state } = defaultRandom;
  try {
    return folded(model);
  } finally {
    defaultRandom.state = state;
  }
}

function folded(model: Layer): Layer {
  if (model instanceof Sequential) return new Sequential(...foldInRow(model.layers));
  if (model instanceof Residual) return new Residual(folded(model.main), model.shortcut && folded(model.shortcut));
  if (model instanceof Concat) return new Concat(...model.branches.map(folded));
  if (model instanceof BatchNorm && model.runningMean) return frozenCopy(model);
  return model instanceof Dropout ? new Sequential() : model;
}

function foldInRow(layers: readonly Layer[]): Layer[] {
  const result: Layer[] = [];
  for (const layer of layers) {
    if (layer instanceof Dropout) continue;
    const before = result[result.length - 1];
    const into = layer instanceof BatchNorm ? foldInto(before, layer) : null;
    if (into) result[result.length - 1] = into;
    else result.push(folded(layer));
  }
  return result;
}

/** The layer with the batch norm in its weights; null where it cannot be. */
function foldInto(layer: Layer | undefined, bn: BatchNorm): Layer | null {
  if (!bn.runningMean || !bn.runningVar) return null;
  if (!(layer instanceof Conv2d || layer instanceof Linear)) return null;
  const outputs = layer.weight.shape[0];
  // Channels are last in what either layer gives; a batch norm over another axis is over something else.
  const overChannels = bn.axis === -1 || (layer instanceof Conv2d && bn.axis === 3);
  if (!overChannels || bn.numFeatures !== outputs) return null;
  const result = layer instanceof Conv2d ? likeConv(layer) : new Linear(layer.inFeatures, layer.outFeatures);
  const statistics = { mean: bn.runningMean.data, variance: bn.runningVar.data, eps: bn.eps };
  const affine = { gamma: bn.weight?.data, beta: bn.bias?.data };
  const { scale, bias } = absorb({ ...statistics, ...affine }, layer.bias?.data);
  const size = layer.weight.size / outputs;
  result.weight.data.set(layer.weight.data.map((w, i) => w * scale[Math.floor(i / size)]));
  result.bias?.data.set(bias);
  return result;
}

function likeConv({ inChannels, outChannels, kernel, stride, padding, groups }: Conv2d): Conv2d {
  return new Conv2d(inChannels, outChannels, kernel, { stride, padding, groups });
}

function frozenCopy(bn: BatchNorm): BatchNorm {
  const { numFeatures, axis, eps, momentum, runningVariance } = bn;
  const options = { axis, eps, momentum, runningVariance, scale: bn.weight !== null, center: bn.bias !== null };
  const copy = new BatchNorm(numFeatures, options);
  copy.loadStateDict(bn.stateDict());
  return copy.freeze();
}
