/** Gradients by central differences on the float64 reference, always with a random cotangent. */
import { type Layer, type Tensor, tensor } from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import { Call } from "#dist/calls/call.js";
import { largest, normals } from "./data.ts";

const device = new ReferenceDevice();

/** How far apart the two values are that a slope is taken between, at most: a power of two, so that float32 has them. */
const STEP = 2 ** -7;

/** Slopes of a function at some places of one array that it depends on. */
export async function slopes(
  array: Float32Array,
  loss: () => Promise<number>,
  places: Iterable<number> = array.keys(),
  step = STEP,
): Promise<number[]> {
  const found: number[] = [];
  for (const i of places) {
    const before = array[i];
    array[i] = before + step;
    const above = array[i];
    const up = await loss();
    array[i] = before - step;
    found.push((up - (await loss())) / (above - array[i]));
    array[i] = before;
  }
  return found;
}

/** Σ dy·y */
export function weighted(y: Tensor, dy: Float32Array): number {
  return y.data.reduce((sum, value, i) => sum + value * dy[i], 0);
}

/** The worst difference between the layer's gradients and central differences, over the largest gradient. */
export async function gradientError(layer: Layer, shape: readonly number[], seed = 1): Promise<Record<string, number>> {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = tensor(normals(seed, size), shape);
  const call = new Call(device, layer, shape);
  const y = await call.forward(x);
  const dy = normals(seed + 1, y.size);
  layer.zeroGrad();
  const dx = (await call.backward(tensor(dy, y.shape))).data;
  const parameters = layer.namedParameters().filter(([, { trainable }]) => trainable);
  const arrays: [string, Float32Array, Float32Array][] = [
    ["x", x.data, dx],
    ...parameters.map(([name, p]): [string, Float32Array, Float32Array] => [name, p.data, p.grad!.data]),
  ];
  const result: Record<string, number> = {};
  for (const [name, values, gradient] of arrays) {
    const places = Array.from({ length: Math.min(12, values.length) }, (_, i) => (i * 37) % values.length);
    const want = await slopes(values, async () => weighted(await call.forward(x), dy), places);
    const worst = Math.max(...places.map((at, i) => Math.abs(gradient[at] - want[i])));
    result[name] = worst / Math.max(largest(gradient), 1e-3);
  }
  call.release();
  return result;
}
