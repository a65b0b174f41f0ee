import type { NodeProto } from "onnx-buf";
import { describe } from "../model/attributes.ts";
import { inferenceParameters } from "../model/batchnorm.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { type Layer, replaceConstants, type Scope, type Weights, weightsOf } from "./layer.ts";

/**
 * A batch norm before another takes it in, in its own scale and bias.
 *
 *   γ′ = γ·scale      β′ = β·scale + shift
 */
export function batchNormLayer({ graph, shapes }: Scope, node: NodeProto): Layer | Refusal {
  const parameters = inferenceParameters(graph, node);
  if (isRefusal(parameters)) return refuse(`${describe(node)} before it stays: ${parameters.reason}`);
  const { gamma, beta } = parameters;
  const { tensor: gammaTensor } = weightsOf(graph, node, 1, "scale") as Weights;
  const { tensor: betaTensor } = weightsOf(graph, node, 2, "bias") as Weights;
  const dims = shapes.dims(node.input[0]);
  return {
    channels: { size: gamma.length, before: [dims?.[0] ?? null], after: dims?.slice(2) ?? null },
    absorb({ scale, shift }) {
      const replacement = { name: "", dims: [gamma.length] };
      return replaceConstants(graph, node, [
        { ...replacement, slot: 1, old: gammaTensor, like: gammaTensor, values: gamma.map((g, c) => g * scale[c]) },
        {
          ...replacement,
          slot: 2,
          old: betaTensor,
          like: betaTensor,
          values: beta.map((b, c) => b * scale[c] + shift[c]),
        },
      ]);
    },
  };
}
