/** Gradients against central differences. The cotangent is random: under a plain sum, dx of batch norm is 0. */
import { BatchNorm, configure, tensor } from "batchnorm";
import { afterAll, describe, expect, test } from "vitest";
import { builds } from "../support/builds.ts";
import { normals } from "../support/data.ts";
import { expectNear, setAffine } from "../support/layers.ts";
import * as paper from "../support/paper.ts";

afterAll(() => configure({}));

const cases = [
  { name: "[N, C]", shape: [7, 5], axis: -1, layout: { outer: 7, channels: 5, inner: 1 } },
  { name: "two rows", shape: [2, 4], axis: -1, layout: { outer: 2, channels: 4, inner: 1 } },
  { name: "one channel", shape: [9, 1], axis: -1, layout: { outer: 9, channels: 1, inner: 1 } },
  { name: "NHWC", shape: [2, 3, 2, 5], axis: -1, layout: { outer: 12, channels: 5, inner: 1 } },
  { name: "NCHW", shape: [2, 3, 3, 2], axis: 1, layout: { outer: 2, channels: 3, inner: 6 } },
  { name: "NCDHW", shape: [2, 2, 2, 3, 2], axis: 1, layout: { outer: 2, channels: 2, inner: 12 } },
  { name: "a middle axis", shape: [2, 3, 4, 3], axis: 2, layout: { outer: 6, channels: 4, inner: 3 } },
];

/** d(Σ dy·y)/dv for every value v of an array that the function reads. */
function differences(values: Float32Array, loss: () => number): Float64Array {
  const h = 2 ** -6;
  return Float64Array.from(values, (v, i) => {
    values[i] = v + h;
    const above = loss();
    values[i] = v - h;
    const below = loss();
    values[i] = v;
    return (above - below) / (Math.fround(v + h) - Math.fround(v - h));
  });
}

function problem({ shape, axis, layout }: (typeof cases)[number]) {
  const bn = new BatchNorm(layout.channels, { axis, eps: 0.1 });
  const { gamma, beta } = setAffine(bn);
  const size = shape.reduce((a, b) => a * b, 1);
  const x = tensor(normals(11, size, 0.5), shape);
  const dy = tensor(normals(12, size), shape);
  return { bn, x, dy, batch: { ...layout, x: x.data, gamma, beta, eps: 0.1 } };
}

describe.each(cases)("$name", (given) => {
  test("the reference's gradients of x, gamma and beta are those of central differences, in train mode", () => {
    configure({ build: "reference" });
    const { bn, x, dy } = problem(given);
    bn.forward(x);
    const dx = bn.backward(dy);
    const loss = () => bn.forward(x).data.reduce((sum, y, i) => sum + y * dy.data[i], 0);
    expectNear(dx.data, differences(x.data, loss), 2e-3, "dx");
    expectNear(bn.weight!.grad!.data, differences(bn.weight!.data, loss), 1e-4, "dgamma");
    expectNear(bn.bias!.grad!.data, differences(bn.bias!.data, loss), 1e-4, "dbeta");
  });

  test("and in eval mode, where the running statistics are constants", () => {
    configure({ build: "reference" });
    const { bn, x, dy } = problem(given);
    bn.setRunningStats(
      normals(13, bn.numFeatures),
      normals(14, bn.numFeatures).map((v) => 0.5 + v * v),
    );
    bn.eval().forward(x);
    const dx = bn.backward(dy);
    const loss = () => bn.forward(x).data.reduce((sum, y, i) => sum + y * dy.data[i], 0);
    expectNear(dx.data, differences(x.data, loss), 1e-4, "dx");
    expectNear(bn.weight!.grad!.data, differences(bn.weight!.data, loss), 1e-4, "dgamma");
    expectNear(bn.bias!.grad!.data, differences(bn.bias!.data, loss), 1e-4, "dbeta");
  });

  test.each(builds)("on the %s build the gradients are the paper's six equations'", (build) => {
    configure({ build });
    const { bn, x, dy, batch } = problem(given);
    bn.forward(x);
    const dx = bn.backward(dy);
    const want = paper.backward(batch, dy.data);
    expectNear(dx.data, want.dx, 1e-6, "dx");
    expectNear(bn.weight!.grad!.data, want.dgamma, 1e-6, "dgamma");
    expectNear(bn.bias!.grad!.data, want.dbeta, 1e-6, "dbeta");
  });
});

test("under a plain sum dx is 0 whatever the formula, which is why nothing here uses one", () => {
  configure({});
  const { bn, x, batch } = problem(cases[0]);
  bn.forward(x);
  const { data } = bn.backward(tensor(new Float32Array(x.size).fill(1), x.shape));
  expect(Math.max(...data.map(Math.abs))).toBeLessThan(1e-6);
  expect(Math.max(...paper.backward(batch, new Float32Array(x.size).fill(1)).dx.map(Math.abs))).toBeLessThan(1e-12);
});
