/** Gradients by central differences on the float64 reference, always with a random cotangent. */
import { configure, type Layer, type Tensor, tensor } from "batchnorm";
import { largest, normals } from "./data.ts";

/** Of Σ dy·layer(x), at some places of one array that the layer depends on. */
function numeric(layer: Layer, x: Tensor, dy: Float32Array, array: Float32Array, places: number[]): number[] {
  const loss = () => layer.forward(x).data.reduce((sum, y, i) => sum + y * dy[i], 0);
  return places.map((i) => {
    const before = array[i];
    // A power of two, so that the float32 values differ by exactly twice the step.
    const step = 2 ** -7;
    array[i] = before + step;
    const width = array[i];
    const up = loss();
    array[i] = before - step;
    const slope = (up - loss()) / (width - array[i]);
    array[i] = before;
    return slope;
  });
}

/** The worst difference between the layer's gradients and central differences, over the largest gradient. */
export function gradientError(layer: Layer, shape: readonly number[], seed = 1): Record<string, number> {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = tensor(normals(seed, size), shape);
  configure({ build: "reference" });
  const y = layer.forward(x);
  const dy = normals(seed + 1, y.size);
  layer.zeroGrad();
  const dx = layer.backward(tensor(dy, y.shape)).data;
  const arrays = [["x", x.data, dx] as const].concat(
    layer.namedParameters().map(([name, p]) => [name, p.data, p.grad!.data] as const) as never,
  );
  const result: Record<string, number> = {};
  for (const [name, values, gradient] of arrays) {
    const places = Array.from({ length: Math.min(12, values.length) }, (_, i) => (i * 37) % values.length);
    const want = numeric(layer, x, dy, values, places);
    const worst = Math.max(...places.map((at, i) => Math.abs(gradient[at] - want[i])));
    result[name] = worst / Math.max(largest(gradient), 1e-3);
  }
  configure({});
  return result;
}
