import { Call } from "../calls/call.ts";
import type { Device } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { checkOptions } from "../options.ts";
import { ReferenceDevice } from "../reference/device.ts";
import { Random } from "../tensor/random.ts";
import { checkShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface CheckGradientsOptions {
  /** Of the input. */
  shape: readonly number[];
  /** Of the input and of what the gradients are taken of. Default 1. */
  seed?: number;
  /** How many values of each array are tried. Default 12. */
  places?: number;
  /** Default: the float64 reference. */
  device?: Device;
}

/**
 * Compares a layer's gradients, of its input and of its parameters, with central differences of Σ dy·layer(x) for a random
 * dy: the worst difference of each, over the largest gradient there. 1e-3 is good on the reference; 0.1 and more is wrong.
 *
 *     const { x, weight } = await checkGradients(new MyLayer(), { shape: [4, 5] });
 *
 * @returns by the names of the state dict, "x" for the input
 * @throws  BatchNormError what the layer throws for such a shape; E_VALUE for unknown options
 */
export async function checkGradients(layer: Layer, options: CheckGradientsOptions): Promise<Record<string, number>> {
  checkOptions("checkGradients", options, ["shape", "seed", "places", "device"]);
  const { shape, seed = 1, places = 12, device = new ReferenceDevice() } = options;
  checkShape(shape, "checkGradients");
  check(sizeOf(shape) > 0, "E_SHAPE", "checkGradients", () => `expected a shape with values, got [${shape}]`);
  const random = new Random(seed);
  const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const x = new Tensor(normals(sizeOf(shape)), shape);
  const states = [...layer.modules()].flatMap(({ random: own }) => (own ? [{ own, state: own.state }] : []));
  const call = new Call(device, layer, shape, "accurate");
  // Every pass draws alike.
  const forward = () => {
    for (const { own, state } of states) own.state = state;
    return call.forward(x);
  };
  try {
    const y = await forward();
    const dy = normals(y.size);
    layer.zeroGrad();
    const dx = await call.backward(new Tensor(dy, y.shape));
    const loss = async () => (await forward()).data.reduce((sum, value, i) => sum + value * dy[i], 0);
    const parameters = layer.namedParameters().filter(([, { trainable }]) => trainable);
    const arrays: [string, Float32Array, Float32Array][] = [
      ["x", x.data, dx.data],
      ...parameters.map(([name, p]): [string, Float32Array, Float32Array] => [name, p.data, gradientOf(name, p.grad)]),
    ];
    const result: Record<string, number> = {};
    for (const [name, values, gradient] of arrays) {
      let worst = 0;
      for (let k = 0; k < Math.min(places, values.length); k++) {
        const at = (k * 37) % values.length;
        worst = Math.max(worst, Math.abs(gradient[at] - (await slope(values, at, loss))));
      }
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      result[name] = worst / largest;
    }
    return result;
  } finally {
    call.release();
  }
}

/** How a loss changes with one value, by central differences. */
async function slope(values: Float32Array, at: number, loss: () => Promise<number>): Promise<number> {
  const before = values[at];
  // A power of two, so that the float32 values differ by exactly twice the step.
  const step = 2 ** -7;
  values[at] = before + step;
  const above = values[at];
  const up = await loss();
  values[at] = before - step;
  const result = (up - (await loss())) / (above - values[at]);
  values[at] = before;
  return result;
}

function gradientOf(name: string, grad: Tensor | null): Float32Array {
  check(
    grad !== null,
    "E_STATE",
    "checkGradients",
    () => `expected a gradient of ${name}; the backward pass gave none`,
  );
  return grad.data;
}
