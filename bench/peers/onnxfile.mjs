// @ts-check
// A residual network of the library as an ONNX file for inference, each batch norm folded into the convolution before it.

import { create, toBinary } from "@bufbuild/protobuf";
import { BatchNorm, Conv2d, GlobalAveragePool, Linear, ReLU, Residual, Sequential } from "batchnorm";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
} from "onnx-buf";

/** @typedef {import("batchnorm").Layer} Layer */
/** @typedef {Record<string, number | number[]>} Attributes */

const OPSET = 17n;
const IR_VERSION = 8n;

/**
 * Weights and bias of a convolution that does what one without bias and the batch norm after it do, in float64 until they
 * are stored.
 *
 * @param {Conv2d} conv @param {BatchNorm} norm
 */
function fold(conv, norm) {
  const { weight, bias, running_mean: mean, running_var: variance } = norm.stateDict();
  const scale = Float64Array.from(weight.data, (gamma, c) => gamma / Math.sqrt(variance.data[c] + norm.eps));
  const each = conv.weight.size / scale.length;
  return {
    weights: conv.weight.data.map((w, i) => w * scale[Math.floor(i / each)]),
    biases: Float32Array.from(scale, (s, c) => bias.data[c] - mean.data[c] * s),
  };
}

/** The graph that a model becomes, node by node. */
class Graph {
  /** @type {{ opType: string, input: string[], output: string[], attribute: object[] }[]} */
  nodes = [];
  /** @type {{ name: string, dataType: number, dims: bigint[], rawData: Uint8Array<ArrayBuffer> }[]} */
  tensors = [];

  /** @param {string} opType @param {string[]} input @param {Attributes} [attributes] @returns {string} its output's name */
  node(opType, input, attributes = {}) {
    const output = `${opType}${this.nodes.length}`;
    const attribute = Object.entries(attributes).map(([name, value]) =>
      typeof value === "number"
        ? { name, type: AttributeType.INT, i: BigInt(value) }
        : { name, type: AttributeType.INTS, ints: value.map(BigInt) },
    );
    this.nodes.push({ opType, input, output: [output], attribute });
    return output;
  }

  /** @param {Float32Array} data @param {readonly number[]} shape @returns {string} its name */
  tensor(data, shape) {
    const name = `w${this.tensors.length}`;
    const rawData = new Uint8Array(data.slice().buffer);
    this.tensors.push({ name, dataType: DataType.FLOAT, dims: shape.map(BigInt), rawData });
    return name;
  }

  /** @param {Conv2d} conv @param {BatchNorm} norm @param {string} x */
  convolution(conv, norm, x) {
    const { weights, biases } = fold(conv, norm);
    const input = [x, this.tensor(weights, conv.weight.shape), this.tensor(biases, [conv.outChannels])];
    const { stride, padding } = conv;
    return this.node("Conv", input, { strides: [stride, stride], pads: [...padding, ...padding] });
  }

  /** @param {readonly Layer[]} layers @param {string} x */
  sequence(layers, x) {
    return layers.reduce((value, layer, i) => {
      const before = layers[i - 1];
      if (layer instanceof Conv2d) return value;
      if (layer instanceof BatchNorm && before instanceof Conv2d) return this.convolution(before, layer, value);
      return this.layer(layer, value);
    }, x);
  }

  /** @param {Layer} layer @param {string} x @returns {string} */
  layer(layer, x) {
    if (layer instanceof Sequential) return this.sequence(layer.layers, x);
    if (layer instanceof Residual) {
      const other = layer.shortcut ? this.layer(layer.shortcut, x) : x;
      return this.node("Add", [this.layer(layer.main, x), other]);
    }
    if (layer instanceof ReLU) return this.node("Relu", [x]);
    if (layer instanceof GlobalAveragePool) return this.node("Flatten", [this.node("GlobalAveragePool", [x])]);
    if (layer instanceof Linear) {
      const input = [x, ...layer.parameters().map(({ data, shape }) => this.tensor(data, shape))];
      return this.node("Gemm", input, { transB: 1 });
    }
    throw new Error(`there is no ONNX for ${layer.constructor.name} here`);
  }
}

/** @param {string} name @param {number[]} shape */
function floats(name, shape) {
  const dim = shape.map((n) => ({ value: { case: /** @type {const} */ ("dimValue"), value: BigInt(n) } }));
  const value = { elemType: DataType.FLOAT, shape: { dim } };
  return { name, type: { value: { case: /** @type {const} */ ("tensorType"), value } } };
}

/**
 * The bytes of an ONNX file.
 *
 * @param {Layer} model
 * @param {number[]} input   [N, C, H, W]
 * @param {number[]} output
 */
export function onnxFile(model, input, output) {
  const graph = new Graph();
  const last = graph.layer(model, "x");
  const message = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name: "model",
      node: graph.nodes,
      initializer: graph.tensors,
      input: [floats("x", input)],
      output: [floats(last, output)],
    },
  });
  return toBinary(ModelProtoSchema, message);
}
