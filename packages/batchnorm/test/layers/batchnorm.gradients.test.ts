/** Gradients against central differences. The cotangent is random: under a plain sum, dx of batch norm is 0. */
import { BatchNorm, tensor } from "batchnorm";
import { afterAll, describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { devices, onEveryDevice, Runs } from "../support/devices.ts";
import { slopes, weighted } from "../support/gradients.ts";
import { expectNear, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

const cases = [
  { name: "[N, C]", shape: [7, 5], axis: -1, layout: { outer: 7, channels: 5, inner: 1 } },
  { name: "two rows", shape: [2, 4], axis: -1, layout: { outer: 2, channels: 4, inner: 1 } },
  { name: "one channel", shape: [9, 1], axis: -1, layout: { outer: 9, channels: 1, inner: 1 } },
  { name: "NHWC", shape: [2, 3, 2, 5], axis: -1, layout: { outer: 12, channels: 5, inner: 1 } },
  { name: "NCHW", shape: [2, 3, 3, 2], axis: 1, layout: { outer: 2, channels: 3, inner: 6 } },
  { name: "NCDHW", shape: [2, 2, 2, 3, 2], axis: 1, layout: { outer: 2, channels: 2, inner: 12 } },
  { name: "a middle axis", shape: [2, 3, 4, 3], axis: 2, layout: { outer: 6, channels: 4, inner: 3 } },
];

function problem({ shape, axis, layout }: (typeof cases)[number]) {
  const bn = new BatchNorm(layout.channels, { axis, eps: 0.1 });
  const { gamma, beta } = setAffine(bn);
  const size = shape.reduce((a, b) => a * b, 1);
  const x = tensor(normals(11, size, 0.5), shape);
  const dy = tensor(normals(12, size), shape);
  return { bn, x, dy, batch: { ...layout, x: x.data, gamma, beta, eps: 0.1 } };
}

type Gradients = Record<"dx" | "dgamma" | "dbeta", ArrayLike<number>>;

/** The layer's gradients, and those of central differences of Σ dy·y. */
async function both(run: Runs, { bn, x, dy }: ReturnType<typeof problem>): Promise<[got: Gradients, want: Gradients]> {
  await run.forward(bn, x);
  const dx = await run.backward(bn, dy);
  const got = { dx: dx.data, dgamma: bn.weight!.grad!.data, dbeta: bn.bias!.grad!.data };
  const differences = (values: Float32Array) =>
    slopes(values, async () => weighted(await run.forward(bn, x), dy.data), values.keys(), 2 ** -6);
  const [gamma, beta] = [bn.weight!.data, bn.bias!.data];
  return [got, { dx: await differences(x.data), dgamma: await differences(gamma), dbeta: await differences(beta) }];
}

describe.each(cases)("on the reference device, $name", (given) => {
  const run = new Runs(devices.reference());
  afterAll(() => run.clear());

  test("gradients of x, gamma and beta are those of central differences, in train mode", async () => {
    const [got, want] = await both(run, problem(given));
    expectNear(got.dx, want.dx, 2e-3, "dx");
    expectNear(got.dgamma, want.dgamma, 1e-4, "dgamma");
    expectNear(got.dbeta, want.dbeta, 1e-4, "dbeta");
  });

  test("and in eval mode, where the running statistics are constants", async () => {
    const asked = problem(given);
    const { bn } = asked;
    bn.setRunningStats(
      normals(13, bn.numFeatures),
      normals(14, bn.numFeatures).map((v) => 0.5 + v * v),
    );
    bn.eval();
    const [got, want] = await both(run, asked);
    expectNear(got.dx, want.dx, 1e-4, "dx");
    expectNear(got.dgamma, want.dgamma, 1e-4, "dgamma");
    expectNear(got.dbeta, want.dbeta, 1e-4, "dbeta");
  });
});

onEveryDevice((run) => {
  test.each(cases)("$name: gradients are the paper's six equations'", async (given) => {
    const { bn, x, dy, batch } = problem(given);
    await run.forward(bn, x);
    const dx = await run.backward(bn, dy);
    const want = paper.backward(batch, dy.data);
    expectNear(dx.data, want.dx, 1e-6, "dx");
    expectNear(bn.weight!.grad!.data, want.dgamma, 1e-6, "dgamma");
    expectNear(bn.bias!.grad!.data, want.dbeta, 1e-6, "dbeta");
  });

  test("under a plain sum dx is 0 whatever the formula, which is why nothing here uses one", async () => {
    const { bn, x, batch } = problem(cases[0]);
    const ones = new Float32Array(x.size).fill(1);
    await run.forward(bn, x);
    const { data } = await run.backward(bn, tensor(ones, x.shape));
    expect(Math.max(...data.map(Math.abs))).toBeLessThan(1e-6);
    expect(Math.max(...paper.backward(batch, ones).dx.map(Math.abs))).toBeLessThan(1e-12);
  });
});
