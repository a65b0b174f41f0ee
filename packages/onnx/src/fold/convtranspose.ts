import type { NodeProto } from "onnx-buf";
import { isRefusal, type Refusal } from "../model/refusal.ts";
import { convolutionOf, convolved } from "./conv.ts";
import type { Layer, Scope } from "./layer.ts";

/**
 * ConvTranspose: weights [inputs, outputs/groups, ...kernel]. The inputs come group after group, and each group's inputs
 * make outputs of that group alone: the second axis counts the outputs within a group.
 *
 *   W′[i, c] = W[i, c]·scale[g·outputs/groups + c]      where g is the group of input i
 */
export function convTransposeLayer(scope: Scope, node: NodeProto): Layer | Refusal {
  const convolution = convolutionOf(scope.graph, node, ([, perGroup], groups) => perGroup * groups);
  if (isRefusal(convolution)) return convolution;
  const { weights, groups } = convolution;
  const [inputs, perGroup] = weights.dims;
  const kernel = weights.values.length / (inputs * perGroup);
  const inputsPerGroup = inputs / groups;
  return convolved(scope, node, convolution, (i) => {
    const group = Math.floor(i / (kernel * perGroup * inputsPerGroup));
    return group * perGroup + (Math.floor(i / kernel) % perGroup);
  });
}
