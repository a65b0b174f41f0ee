/** A channel whose values are all the same has no spread to divide by: it gives beta, to the bit. */
import { BatchNorm, batchNormForward, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { channel, setAffine } from "../support/layers.ts";

const VALUES = [0, 1, -1, 0.1, -3.7, 10000.1, 123456.789, 1e-20, -1e-38, 1e18, 1e36];

/** Around the pieces that kernels sum (128 rows, 1,024 values), and no powers of two. */
const layouts = [
  ...[2, 3, 5, 7, 9, 31, 100, 127, 129, 385, 1001].flatMap((rows) =>
    [1, 3, 4, 5, 66].map((channels) => ({ outer: rows, channels, inner: 1 })),
  ),
  ...[2, 3, 15, 17, 49, 1023, 1025, 2051].flatMap((inner) =>
    [1, 3].flatMap((outer) => [1, 5].map((channels) => ({ outer, channels, inner }))),
  ),
];

const constantOf = (seed: number, c: number) => Math.fround(VALUES[(c + seed) % VALUES.length]);

function constants(seed: number, { outer, channels, inner }: (typeof layouts)[number]) {
  const values = new Float32Array(outer * channels * inner);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  return { x: values.map((_, i) => constantOf(seed, channelOf(i))), shape: [outer, channels, inner], channelOf };
}

onEveryBuild(() => {
  test.each([1e-5, 0])("every channel constant, each at another value, eps %d: y is beta, the variance 0", (eps) => {
    for (const [seed, layout] of layouts.entries()) {
      const { x, shape, channelOf } = constants(seed, layout);
      const [gamma, beta] = [normals(seed, layout.channels, 1), normals(seed + 1, layout.channels)];
      const got = batchNormForward(x, { shape, axis: 1, gamma, beta, eps });
      const where = JSON.stringify(layout);
      expect(
        got.y.findIndex((v, i) => v !== beta[channelOf(i)]),
        where,
      ).toBe(-1);
      for (let c = 0; c < layout.channels; c++) {
        expect(got.mean[c], where).toBe(constantOf(seed, c));
        expect(got.variance[c], where).toBe(0);
      }
    }
  });
});

onEveryDevice((run) => {
  describe.each([1e-5, 0])("eps %d", (eps) => {
    test("every channel constant, each at another value: y is beta, the mean the value, the variance 0", async () => {
      for (const [seed, layout] of layouts.entries()) {
        const { x, shape, channelOf } = constants(seed, layout);
        const bn = new BatchNorm(layout.channels, { axis: 1, eps, momentum: 1 });
        const { beta } = setAffine(bn, seed);
        const y = await run.forward(bn, tensor(x, shape));
        run.clear();
        const where = JSON.stringify(layout);
        expect(
          y.data.findIndex((v, i) => v !== beta[channelOf(i)]),
          where,
        ).toBe(-1);
        for (let c = 0; c < layout.channels; c++) {
          expect(bn.runningMean!.data[c], where).toBe(constantOf(seed, c));
          expect(bn.runningVar!.data[c], where).toBe(0);
        }
      }
    });

    test("one constant channel among others gives beta, and a finite gradient", async () => {
      const layout = { outer: 37, channels: 6, inner: 5 };
      const bn = new BatchNorm(6, { axis: 1, eps });
      const { beta } = setAffine(bn);
      const x = normals(1, 37 * 6 * 5).map((v, i) => (Math.floor(i / 5) % 6 === 2 ? 0.3 : v));
      const y = await run.forward(bn, tensor(x, [37, 6, 5]));
      expect(new Set(channel(y.data, layout, 2))).toEqual(new Set([beta[2]]));
      expect(new Set(channel(y.data, layout, 3)).size).toBeGreaterThan(150);
      const dx = await run.backward(bn, tensor(normals(2, x.length), [37, 6, 5]));
      expect(dx.data.every(Number.isFinite)).toBe(true);
      expect(bn.weight!.grad!.data[2]).toBe(0);
    });
  });

  test("running statistics of a constant channel become its value and 0, and eval mode then gives beta", async () => {
    const bn = new BatchNorm(3, { momentum: 1 });
    const { beta } = setAffine(bn);
    const x = tensor(new Float32Array(21).fill(0.1), [7, 3]);
    await run.forward(bn, x);
    expect([...bn.runningMean!.data]).toEqual([0.1, 0.1, 0.1].map(Math.fround));
    expect([...bn.runningVar!.data]).toEqual([0, 0, 0]);
    const y = await run.forward(bn.eval(), x);
    for (let i = 0; i < 21; i++) expect(y.data[i]).toBe(beta[i % 3]);
  });
});
