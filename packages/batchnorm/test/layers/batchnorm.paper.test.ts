/** The two-sum form that kernels compute against the paper's equations as they stand, for any shape. */
import { BatchNorm, tensor } from "batchnorm";
import fc from "fast-check";
import { test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const layout = fc.record({
  outer: fc.integer({ min: 1, max: 40 }),
  channels: fc.integer({ min: 1, max: 40 }),
  inner: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })),
});
const numbers = fc.record({
  mean: fc.constantFrom(0, 1, -100),
  std: fc.constantFrom(1, 0.01, 50),
  eps: fc.constantFrom(1e-5, 1e-3, 0),
  seed: fc.nat(10_000),
});

onEveryDevice((run) => {
  test("output and gradients are the paper's, whatever the shape, the mean and the spread", async () => {
    await fc.assert(
      fc.asyncProperty(layout, numbers, async ({ outer, channels, inner }, { mean, std, eps, seed }) => {
        fc.pre(outer * inner > 3);
        const shape = inner === 1 ? [outer, channels] : [outer, channels, inner];
        const size = outer * channels * inner;
        const bn = new BatchNorm(channels, { axis: 1, eps });
        const { gamma, beta } = setAffine(bn, seed);
        const x = tensor(normals(seed, size, mean, std), shape);
        const dy = tensor(normals(seed + 1, size), shape);
        const batch = { outer, channels, inner, x: x.data, gamma, beta, eps };
        const what = JSON.stringify({ device: run.device.build, shape });
        expectNear((await run.forward(bn, x)).data, paper.forward(batch), 2e-6, `y ${what}`);
        const dx = await run.backward(bn, dy);
        const want = paper.backward(batch, dy.data);
        // With few values, what is left of dy after its two projections is small.
        const share = 2e-6 * Math.max(1, 40 / (outer * inner));
        expectNear(dx.data, want.dx, share, `dx ${what}`);
        expectNear(bn.weight!.grad!.data, want.dgamma, share, `dgamma ${what}`);
        expectNear(bn.bias!.grad!.data, want.dbeta, share, `dbeta ${what}`);
        run.clear();
      }),
      { seed: 3, numRuns: 150 },
    );
  });
});
