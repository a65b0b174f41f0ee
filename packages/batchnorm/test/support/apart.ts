/** A model operation by operation, each in buffers that it shares with nobody: what one plan for all of them must give. */
import { type Layer, Tensor, WasmDevice } from "batchnorm";
import { Graph, type Traceable, type Value } from "batchnorm/extend";
import { Call } from "#dist/calls/call.js";
import type { WasmBuild } from "#dist/wasm/builds.js";

export interface Pass {
  y: Tensor;
  /** The gradient of the input; the layers' parameters have theirs. */
  backward(dy: Tensor): Tensor;
}

/** One operation's result, and what gives the gradients of its inputs. */
interface Applied {
  y: Tensor;
  gradients(dy: Tensor): Tensor[];
}

interface Apart {
  build?: WasmBuild | undefined;
  /** Filled with what goes into each layer, those around others too. */
  inputs?: Map<Layer, Tensor>;
}

export function forwardApart(model: Layer, x: Tensor, { build, inputs }: Apart = {}): Pass {
  const paths = new Map<Traceable, string>(model.namedModules().map(([path, layer]) => [layer, path]));
  const graph = new Graph((layer) => paths.get(layer) ?? null);
  const input = graph.input(x.shape);
  const output = graph.apply(model, [input]);
  const device = new WasmDevice(build && { build });
  const values = new Map<Value, Tensor>([[input, x]]);
  const done = graph.nodes.map((node) => {
    const given = node.inputs.map((value) => values.get(value) as Tensor);
    const applied = apply(device, node.layer as unknown as Layer, given);
    values.set(node.output, applied.y);
    return { ...node, ...applied };
  });
  for (const layer of model.modules()) {
    const [value] = graph.entered.get(layer) ?? [];
    if (value) inputs?.set(layer, values.get(value) as Tensor);
  }
  return {
    y: values.get(output) as Tensor,
    backward(dy) {
      const grads = new Map<Value, Tensor>([[output, dy]]);
      for (const { inputs: read, output: made, gradients } of done.toReversed()) {
        const grad = grads.get(made);
        if (!grad) continue;
        for (const [i, part] of gradients(grad).entries()) {
          const before = grads.get(read[i]);
          grads.set(read[i], before ? sum([before, part]) : part);
        }
      }
      return grads.get(input) ?? new Tensor(new Float32Array(x.size), x.shape);
    },
  };
}

function apply(device: WasmDevice, layer: Layer, inputs: Tensor[]): Applied {
  const kind = layer.constructor.name;
  if (kind === "Add") return { y: sum(inputs), gradients: (dy) => inputs.map(() => dy) };
  if (kind === "Concatenation") {
    return { y: sideBySide(inputs), gradients: (dy) => columns(dy, inputs.map(width)) };
  }
  const call = new Call(device, layer, inputs[0].shape);
  return { y: call.forwardNow(inputs[0]), gradients: (dy) => [call.backwardNow(dy)] };
}
const width = ({ shape }: Tensor) => shape[shape.length - 1];

function sum(terms: Tensor[]): Tensor {
  const [first, ...rest] = terms;
  const data = first.data.slice();
  for (const { data: more } of rest) for (let i = 0; i < data.length; i++) data[i] += more[i];
  return new Tensor(data, first.shape);
}

function sideBySide(parts: Tensor[]): Tensor {
  const total = parts.reduce((all, part) => all + width(part), 0);
  const rows = parts[0].size / width(parts[0]);
  const data = new Float32Array(rows * total);
  let before = 0;
  for (const part of parts) {
    const own = width(part);
    for (let r = 0; r < rows; r++) data.set(part.data.subarray(r * own, (r + 1) * own), r * total + before);
    before += own;
  }
  return new Tensor(data, [...parts[0].shape.slice(0, -1), total]);
}

function columns(whole: Tensor, widths: number[]): Tensor[] {
  const total = width(whole);
  const rows = whole.size / total;
  let before = 0;
  return widths.map((own) => {
    const data = new Float32Array(rows * own);
    for (let r = 0; r < rows; r++) {
      const from = r * total + before;
      data.set(whole.data.subarray(from, from + own), r * own);
    }
    before += own;
    return new Tensor(data, [...whole.shape.slice(0, -1), own]);
  });
}
