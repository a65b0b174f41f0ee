import { create } from "@bufbuild/protobuf";
import { type NodeProto, NodeProtoSchema, type TensorProto, TensorProtoSchema } from "onnx-buf";
import { isRefusal, type Refusal, refuse } from "../model/refusal.ts";
import { tensorLike, typeName } from "../model/tensor.ts";
import { type Affine, type Change, type Scope, weightsOf } from "./layer.ts";

/** A batch norm as a Mul and an Add, or as the Mul alone where nothing is added. */
export function asMulAndAdd({ graph, shapes }: Scope, node: NodeProto, { scale, shift }: Affine): Change | Refusal {
  const [x] = node.input;
  const [y] = node.output;
  const rank = (shapes.dims(x) ?? shapes.dims(y))?.length;
  if (!rank) return refuse(`the rank of "${x}" is not known`);
  if (rank === 1) return refuse(`"${x}" has no axis for channels`);
  const type = shapes.type(x) || shapes.type(y);
  const like = likeOf(weightsOf(graph, node, 1, "scale"), type);
  if (!like) return refuse(`the type of "${x}" is not known`);
  const dims = [scale.length, ...Array.from({ length: rank - 2 }, () => 1)];
  const factors = tensorLike(like, "", { dims, values: scale });
  const summands = tensorLike(like, "", { dims, values: shift });
  if (!factors || !summands) return refuse(`its scale or shift is not finite in ${typeName(type)}`);
  const adds = shift.some((value) => value !== 0);
  return {
    apply() {
      const { name } = node;
      const product = adds ? graph.freshName(`${y}_scaled`) : y;
      const steps = [{ opType: "Mul", name, input: [x, graph.addConstant(factors, `${y}_scale`)], output: [product] }];
      if (adds) {
        const added = graph.addConstant(summands, `${y}_shift`);
        steps.push({ opType: "Add", name: name && `${name}_shift`, input: [product, added], output: [y] });
      }
      graph.remove(node);
      for (const step of steps) graph.insertAfter(node, create(NodeProtoSchema, step));
    },
  };
}

/** How the batch norm's own parameters are stored, in the type of x. */
function likeOf(scale: { tensor: TensorProto } | Refusal, type: number): TensorProto | null {
  if (isRefusal(scale) || type === 0) return null;
  if (scale.tensor.dataType === type) return scale.tensor;
  return create(TensorProtoSchema, { dataType: type, rawData: new Uint8Array(0) });
}
