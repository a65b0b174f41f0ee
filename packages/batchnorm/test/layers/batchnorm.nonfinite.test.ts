/** NaN and Inf pass through to the channel they are in, and to nothing else. */
import { BatchNorm, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { normals } from "../support/data.ts";

const BAD = 2;
const forms = [
  { name: "[N, C], 3 channels", shape: [150, 3], axis: -1, channels: 3, inner: 1 },
  { name: "[N, C], 7 channels", shape: [150, 7], axis: -1, channels: 7, inner: 1 },
  { name: "NHWC", shape: [3, 5, 4, 6], axis: -1, channels: 6, inner: 1 },
  { name: "NCHW", shape: [3, 6, 5, 7], axis: 1, channels: 6, inner: 35 },
];

/** A forward and backward pass, with a value of one channel replaced where `value` is given. */
function run({ shape, axis, channels, inner }: (typeof forms)[number], row: number, value?: number) {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = normals(1, size);
  if (value !== undefined) x[(row * channels + BAD) * inner + (inner >> 1)] = value;
  const bn = new BatchNorm(channels, { axis });
  bn.forward(tensor(normals(3, size), shape));
  const before = { mean: bn.runningMean!.data.slice(), variance: bn.runningVar!.data.slice() };
  const y = bn.forward(tensor(x, shape)).data;
  const dx = bn.backward(tensor(normals(2, size), shape)).data;
  return { bn, before, y, dx, dgamma: bn.weight!.grad!.data, dbeta: bn.bias!.grad!.data };
}

onEveryBuild(() => {
  describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s", (value) => {
    test.each(forms)("in $name spoils its own channel, and no bit of the others", (form) => {
      const rows = form.shape.reduce((a, b) => a * b, 1) / form.channels / form.inner;
      for (const row of [0, rows >> 1, rows - 1]) {
        const clean = run(form, row);
        const got = run(form, row, value);
        const channelOf = (i: number) => Math.floor(i / form.inner) % form.channels;
        for (const name of ["y", "dx"] as const) {
          const wrong = got[name].findIndex((v, i) =>
            channelOf(i) === BAD ? !Number.isNaN(v) : !Object.is(v, clean[name][i]),
          );
          expect(wrong, `${name}, row ${row}`).toBe(-1);
        }
        for (let c = 0; c < form.channels; c++) {
          expect(Object.is(got.dgamma[c], clean.dgamma[c])).toBe(c !== BAD);
          expect(got.dbeta[c]).toBe(clean.dbeta[c]);
        }
      }
    });

    test.each(forms)("in $name leaves the running statistics of its channel as they were; the others move", (form) => {
      const clean = run(form, 0);
      const { bn, before } = run(form, 0, value);
      for (let c = 0; c < form.channels; c++) {
        const [mean, variance] =
          c === BAD ? [before.mean, before.variance] : [clean.bn.runningMean!.data, clean.bn.runningVar!.data];
        expect(bn.runningMean!.data[c]).toBe(mean[c]);
        expect(bn.runningVar!.data[c]).toBe(variance[c]);
      }
      expect(bn.numBatchesTracked).toBe(2);
    });
  });

  test("in eval mode they spoil their own place alone", () => {
    const bn = new BatchNorm(5).eval();
    const x = normals(1, 50);
    const clean = bn.forward(tensor(x.slice(), [10, 5])).data;
    x[17] = Number.NaN;
    const y = bn.forward(tensor(x, [10, 5])).data;
    y.forEach((v, i) => {
      expect(v).toBe(i === 17 ? Number.NaN : clean[i]);
    });
  });

  test("a layer that met one trains on afterwards as if it had not", () => {
    const [met, not] = [new BatchNorm(4), new BatchNorm(4)];
    const bad = normals(1, 40);
    bad[9] = Number.NaN;
    met.forward(tensor(bad, [10, 4]));
    met.backward(tensor(normals(2, 40), [10, 4]));
    const x = tensor(normals(3, 40), [10, 4]);
    expect(met.forward(x).data).toEqual(not.forward(x).data);
    expect(met.eval().forward(x).data.every(Number.isFinite)).toBe(true);
  });
});

onEveryBuild(() => {
  describe.each([1e19, 1e25, 1e37])("a spread of %d, whose square float32 cannot hold,", (spread) => {
    test.each(forms)("gives the right values in $name, and keeps the running statistics finite", (form) => {
      const { shape, axis, channels } = form;
      const size = shape.reduce((a, b) => a * b, 1);
      const normal = normals(1, size);
      const right = new BatchNorm(channels, { axis, eps: 0 }).forward(tensor(normal, shape)).data;
      const bn = new BatchNorm(channels, { axis, eps: 0 });
      const y = bn.forward(
        tensor(
          normal.map((v) => v * spread),
          shape,
        ),
      ).data;
      const good = (v: number, i: number) => Math.abs(v - right[i]) < 1e-5;
      expect(y.findIndex((v, i) => !good(v, i))).toBe(-1);
      expect([...bn.runningMean!.data, ...bn.runningVar!.data].every(Number.isFinite)).toBe(true);
    });
  });
});
