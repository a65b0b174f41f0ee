/** A model layer by layer, each in buffers that it shares with nobody: what one plan for all of them must give. */
import { Concat, type Layer, Residual, Sequential, Tensor } from "batchnorm";

export interface Pass {
  y: Tensor;
  /** The gradient of the input; the layers' parameters have theirs. */
  backward(dy: Tensor): Tensor;
}

/** @param inputs  filled with what goes into each layer, those around others too */
export function forwardApart(layer: Layer, x: Tensor, inputs = new Map<Layer, Tensor>()): Pass {
  inputs.set(layer, x);
  if (layer instanceof Sequential) return inRow(layer.layers, x, inputs);
  if (layer instanceof Residual) {
    const terms = [layer.main, layer.shortcut].map((term) => (term ? forwardApart(term, x, inputs) : identity(x)));
    return { y: sum(terms.map(({ y }) => y)), backward: (dy) => sum(terms.map((term) => term.backward(dy))) };
  }
  if (layer instanceof Concat) {
    const branches = layer.branches.map((branch) => forwardApart(branch, x, inputs));
    return {
      y: sideBySide(branches.map(({ y }) => y)),
      backward: (dy) => {
        const widths = branches.map(({ y }) => width(y));
        return sum(columns(dy, widths).map((part, i) => branches[i].backward(part)));
      },
    };
  }
  return { y: layer.forward(x), backward: (dy) => layer.backward(dy) };
}

const identity = (x: Tensor): Pass => ({ y: x, backward: (dy) => dy });

function inRow(layers: readonly Layer[], x: Tensor, inputs: Map<Layer, Tensor>): Pass {
  const passes: Pass[] = [];
  for (const layer of layers) passes.push(forwardApart(layer, passes.at(-1)?.y ?? x, inputs));
  return {
    y: passes.at(-1)?.y ?? x,
    backward: (dy) => passes.reduceRight((grad, pass) => pass.backward(grad), dy),
  };
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
