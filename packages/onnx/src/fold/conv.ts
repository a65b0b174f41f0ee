import type { NodeProto } from "onnx-buf";
import { describe, integerOf } from "../model/attributes.ts";
import type { Graph } from "../model/graph.ts";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { channelsAt } from "./channels.ts";
import {
  biasName,
  type Layer,
  optionalWeightsOf,
  replaceConstants,
  type Scope,
  type Weights,
  weightsOf,
} from "./layer.ts";

/** The weights of a Conv or ConvTranspose, checked, and its bias. */
export interface Convolution {
  readonly weights: Weights;
  readonly bias: Weights | null;
  readonly groups: number;
  /** Of all groups together. */
  readonly outputs: number;
}

/**
 * Conv of any rank and number of groups: weights [outputs, inputs/groups, ...kernel], bias [outputs].
 *
 *   W′[o] = W[o]·scale[o]      b′ = b·scale + shift
 */
export function convLayer(scope: Scope, node: NodeProto): Layer | Refusal {
  const convolution = convolutionOf(scope.graph, node, ([outputs]) => outputs);
  if (isRefusal(convolution)) return convolution;
  const { outputs, weights } = convolution;
  const each = weights.values.length / outputs;
  return convolved(scope, node, convolution, (i) => Math.floor(i / each));
}

/** @param channelsOf  the number of output channels, from the weights' shape and the number of groups */
export function convolutionOf(
  graph: Graph,
  node: NodeProto,
  channelsOf: (dims: readonly number[], groups: number) => number,
): Convolution | Refusal {
  const weights = weightsOf(graph, node, 1, "weights");
  if (isRefusal(weights)) return weights;
  const bias = optionalWeightsOf(graph, node, 2, "bias");
  if (bias && isRefusal(bias)) return bias;
  const { dims } = weights;
  const groups = integerOf(node, "group", 1);
  const outputs = dims.length > 2 && groups > 0 ? channelsOf(dims, groups) : 0;
  if (outputs === 0 || dims[0] % groups > 0) {
    return refuse(`the weights of ${describe(node)} have shape [${dims.join(", ")}] for ${groups} groups`);
  }
  if (bias && (bias.dims.length !== 1 || bias.dims[0] !== outputs)) {
    return refuse(`the bias of ${describe(node)} has shape [${bias.dims.join(", ")}] for ${outputs} channels`);
  }
  return { weights, bias, groups, outputs };
}

/** @param channelOf  the output channel of the weight at an index */
export function convolved(
  { graph, shapes }: Scope,
  node: NodeProto,
  { weights, bias, outputs }: Convolution,
  channelOf: (index: number) => number,
): Layer {
  const unknown = weights.dims.map(() => null);
  const dims = shapes.dims(node.output[0]);
  return {
    channels: channelsAt(dims?.length === unknown.length ? dims : unknown, 1, outputs),
    absorb({ scale, shift }) {
      const like = weights.tensor;
      const name = biasName(node.input[1]);
      return replaceConstants(graph, node, [
        {
          slot: 1,
          old: like,
          like,
          name,
          dims: weights.dims,
          values: weights.values.map((w, i) => w * scale[channelOf(i)]),
        },
        {
          slot: 2,
          old: bias?.tensor ?? null,
          like,
          name,
          dims: [outputs],
          values: shift.map((b, o) => b + (bias ? bias.values[o] * scale[o] : 0)),
        },
      ]);
    },
  };
}
