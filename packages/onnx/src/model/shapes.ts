/** What is known of the values' shapes and types before a run: as declared, and as the commonest operators pass them on. */
import type { NodeProto, ValueInfoProto } from "onnx-buf";
import { integerOf, isOnnxDomain, isOperator } from "./attributes.ts";
import { arrangement, type Dim, product, reshaped } from "./axes.ts";
import { tensorOf } from "./constant.ts";
import type { Graph } from "./graph.ts";
import { shapeOf } from "./tensor.ts";

interface Known {
  /** Null where not even the rank is known. */
  readonly dims: readonly Dim[] | null;
  /** One of DataType; 0 where not known. */
  readonly type: number;
}

const nothing: Known = { dims: null, type: 0 };

export class Shapes {
  readonly #known = new Map<string, Known>();
  readonly #graph: Graph;
  readonly #outer: Shapes | null;

  constructor(graph: Graph, outer: Shapes | null = null) {
    this.#graph = graph;
    this.#outer = outer;
    const { input, output, valueInfo, initializer, node } = graph.proto;
    for (const value of [...valueInfo, ...output, ...input]) this.#learn(value.name, declared(value));
    for (const tensor of initializer) {
      this.#learn(tensor.name, { dims: shapeOf(tensor).dims, type: tensor.dataType });
    }
    for (const each of node) if (each.output[0]) this.#learn(each.output[0], this.#infer(each));
  }

  dims(name: string): readonly Dim[] | null {
    return this.#of(name).dims;
  }

  /** One of DataType; 0 where not known. */
  type(name: string): number {
    return this.#of(name).type;
  }

  #of(name: string): Known {
    return this.#known.get(name) ?? (this.#outer ? this.#outer.#of(name) : nothing);
  }

  #learn(name: string, { dims, type }: Known): void {
    const before = this.#known.get(name) ?? nothing;
    this.#known.set(name, { dims: merge(before.dims, dims), type: before.type || type });
  }

  #infer(node: NodeProto): Known {
    if (!isOnnxDomain(node.domain)) return nothing;
    const inputs = node.input.map((name) => this.#of(name));
    const first = inputs[0] ?? nothing;
    if (sameShape.has(node.opType)) return first;
    switch (node.opType) {
      case "Cast":
        return { dims: first.dims, type: integerOf(node, "to", 0) };
      case "Constant": {
        const tensor = tensorOf(node);
        return tensor ? { dims: shapeOf(tensor).dims, type: tensor.dataType } : nothing;
      }
      case "Reshape":
        return { dims: reshaped(this.#graph, node, first.dims)?.map(({ dim }) => dim) ?? null, type: first.type };
      default:
        return { dims: this.#inferDims(node, inputs), type: sameType.has(node.opType) ? first.type : 0 };
    }
  }

  #inferDims(node: NodeProto, inputs: readonly Known[]): Dim[] | null {
    const [a, b] = inputs.map(({ dims }) => dims);
    if (isOperator(node, "Add", "Sub", "Mul", "Div")) return a && b ? broadcast(a, b) : null;
    if (isOperator(node, "Flatten")) return flattened(node, a);
    if (isOperator(node, "Gemm")) return [rowsOf(node, a), columnsOf(node, b)];
    if (!a) return null;
    if (isOperator(node, "Transpose", "Squeeze", "Unsqueeze")) {
      return arrangement(this.#graph, node, a.length)?.map((axis) => (axis === null ? 1 : a[axis])) ?? null;
    }
    if (isOperator(node, "GlobalAveragePool", "GlobalMaxPool")) return a.map((dim, axis) => (axis < 2 ? dim : 1));
    if (isOperator(node, "MaxPool", "AveragePool")) return a.map((dim, axis) => (axis < 2 ? dim : null));
    if (isOperator(node, "Pad", "Resize", "Upsample", "Slice", "Concat", "Tile")) return a.map(() => null);
    if (!b) return null;
    if (isOperator(node, "MatMul")) return a.length > 1 && b.length > 1 ? matrixProduct(a, b) : null;
    if (isOperator(node, "Conv")) return convolved(a, b[0]);
    if (isOperator(node, "ConvTranspose")) return convolved(a, product([b[1] ?? null, integerOf(node, "group", 1)]));
    return null;
  }
}

function declared({ type }: ValueInfoProto): Known {
  if (type?.value.case !== "tensorType") return nothing;
  const { elemType, shape } = type.value.value;
  const dims = shape?.dim.map(({ value }) =>
    value.case === "dimValue" && value.value >= 0n ? Number(value.value) : null,
  );
  return { dims: dims ?? null, type: elemType };
}

/** What two sources say; nothing where they contradict each other. */
function merge(a: readonly Dim[] | null, b: readonly Dim[] | null): readonly Dim[] | null {
  if (!a || !b) return a ?? b;
  if (a.length !== b.length) return null;
  return a.map((dim, i) => (dim === null || b[i] === null || dim === b[i] ? (dim ?? b[i]) : null));
}

function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [p, q] = [a, b].map((dims) => (axis < rank - dims.length ? 1 : dims[axis - rank + dims.length]));
    if (p === 1 || q === 1) return p === 1 ? q : p;
    return p ?? q;
  });
}

function matrixProduct(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  return [...broadcast(a.slice(0, -2), b.slice(0, -2)), a[a.length - 2], b[b.length - 1]];
}

function flattened(node: NodeProto, dims: readonly Dim[] | null | undefined): Dim[] {
  if (!dims) return [null, null];
  const axis = integerOf(node, "axis", 1);
  const at = axis < 0 ? axis + dims.length : axis;
  return [product(dims.slice(0, at)), product(dims.slice(at))];
}

function rowsOf(node: NodeProto, a: readonly Dim[] | null | undefined): Dim {
  return a?.[integerOf(node, "transA", 0) ? 1 : 0] ?? null;
}

function columnsOf(node: NodeProto, b: readonly Dim[] | null | undefined): Dim {
  return b?.[integerOf(node, "transB", 0) ? 0 : 1] ?? null;
}

function convolved(input: readonly Dim[], channels: Dim): Dim[] {
  return input.map((dim, axis) => (axis === 0 ? dim : axis === 1 ? channels : null));
}

const sameShape = new Set([
  ...["Identity", "Dropout", "BatchNormalization", "InstanceNormalization", "LayerNormalization", "LRN"],
  ...["Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Celu", "Selu", "Gelu", "Mish", "HardSwish"],
  ...["Sigmoid", "HardSigmoid", "Tanh", "Softplus", "Softsign", "Softmax", "LogSoftmax", "Clip"],
  ...["Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Floor", "Ceil", "Round", "Sign"],
]);

const sameType = new Set([
  ...["Add", "Sub", "Mul", "Div", "Transpose", "Squeeze", "Unsqueeze", "Flatten"],
  ...["GlobalAveragePool", "GlobalMaxPool", "MaxPool", "AveragePool", "Pad", "Resize", "Upsample", "Slice", "Concat"],
  ...["Tile", "MatMul", "Gemm", "Conv", "ConvTranspose"],
]);
