/** A bias in the output pass of Winograd's 3×3 convolutions. */
import { Conv2d, manualSeed } from "batchnorm";
import { describe, expect, it } from "vitest";
import { builds } from "../support/builds.ts";
import { devices, Runs } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor } from "../support/layers.ts";

type Results = Record<"y" | "dx" | "weight", Float32Array> & { bias: Float32Array | null };

async function results(run: Runs, shape: number[], padding: number, bias: number[] | null): Promise<Results> {
  manualSeed(4);
  const layer = new Conv2d(16, 24, 3, { padding, bias: bias !== null });
  if (bias) layer.bias!.data.set(bias);
  const y = await run.forward(layer, gaussianTensor(5, shape));
  const dx = await run.backward(layer, gaussianTensor(6, y.shape, 0.5));
  return {
    y: y.data,
    dx: dx.data,
    weight: layer.weight.grad!.data,
    bias: layer.bias && layer.bias.grad!.data,
  };
}

const bias = Array.from({ length: 24 }, (_, i) => (i % 5) - 2 + i / 7);

describe.each(builds)("on %s", (build) => {
  it.each([
    [[2, 9, 11, 16], 1],
    [[1, 4, 4, 16], 1],
    [[3, 6, 5, 16], 0],
    [[1, 3, 7, 16], 2],
  ])("images %o with padding %i are convolved within the bound", async (shape, padding) => {
    const reference = await results(new Runs(devices.reference(), "accurate"), shape, padding, bias);
    const accurate = await results(new Runs(devices[build](), "accurate"), shape, padding, bias);
    const fast = await results(new Runs(devices[build]()), shape, padding, bias);
    for (const name of ["y", "dx", "weight"] as const) {
      expectNear(fast[name], reference[name], 2e-5, name);
      expectNear(fast[name], accurate[name], 2e-5, name);
      expectNear(accurate[name], reference[name], 2e-6, name);
      // It was another way to the same result.
      expect(fast[name]).not.toEqual(accurate[name]);
    }
    expectSame(fast.bias!, accurate.bias!);
    expectNear(fast.bias!, reference.bias!, 2e-6);
  });

  it("adds to each output channel its own, whole tiles or not", async () => {
    const run = new Runs(devices[build]());
    const biased = (values: number[] | null) => results(run, [2, 7, 10, 16], 1, values);
    const without = await biased(null);
    const zero = await biased(bias.map(() => 0));
    const some = await biased(bias);
    expectSame(zero.y, without.y);
    const want = without.y.map((v, i) => v + bias[i % 24]);
    expectNear(some.y, want, 1e-6);
    expectSame(some.dx, without.dx);
    expectSame(some.weight, without.weight);
  });
});
