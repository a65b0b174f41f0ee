/** NaN and Inf pass through to the channel they are in, and to nothing else. */
import { BatchNorm, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice, type Runs } from "../support/devices.ts";

const BAD = 2;
const forms = [
  { name: "[N, C], 3 channels", shape: [150, 3], axis: -1, channels: 3, inner: 1 },
  { name: "[N, C], 7 channels", shape: [150, 7], axis: -1, channels: 7, inner: 1 },
  { name: "NHWC", shape: [3, 5, 4, 6], axis: -1, channels: 6, inner: 1 },
  { name: "NCHW", shape: [3, 6, 5, 7], axis: 1, channels: 6, inner: 35 },
];

/** A forward and backward pass, with a value of one channel replaced where `value` is given. */
async function pass(run: Runs, { shape, axis, channels, inner }: (typeof forms)[number], row: number, value?: number) {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = normals(1, size);
  if (value !== undefined) x[(row * channels + BAD) * inner + (inner >> 1)] = value;
  const bn = new BatchNorm(channels, { axis });
  await run.forward(bn, tensor(normals(3, size), shape));
  const before = { mean: bn.runningMean!.data.slice(), variance: bn.runningVar!.data.slice() };
  const y = (await run.forward(bn, tensor(x, shape))).data;
  const dx = (await run.backward(bn, tensor(normals(2, size), shape))).data;
  return { bn, before, y, dx, dgamma: bn.weight!.grad!.data, dbeta: bn.bias!.grad!.data };
}

onEveryDevice((run) => {
  describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s", (value) => {
    test.each(forms)("in $name spoils its own channel, and no bit of the others", async (form) => {
      const rows = form.shape.reduce((a, b) => a * b, 1) / form.channels / form.inner;
      for (const row of [0, rows >> 1, rows - 1]) {
        const clean = await pass(run, form, row);
        const got = await pass(run, form, row, value);
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

    test.each(forms)(
      "in $name leaves the running statistics of its channel as they were; the others move",
      async (form) => {
        const clean = await pass(run, form, 0);
        const { bn, before } = await pass(run, form, 0, value);
        for (let c = 0; c < form.channels; c++) {
          const [mean, variance] =
            c === BAD ? [before.mean, before.variance] : [clean.bn.runningMean!.data, clean.bn.runningVar!.data];
          expect(bn.runningMean!.data[c]).toBe(mean[c]);
          expect(bn.runningVar!.data[c]).toBe(variance[c]);
        }
        expect(bn.numBatchesTracked).toBe(2);
      },
    );
  });

  test("in eval mode they spoil their own place alone", async () => {
    const bn = new BatchNorm(5).eval();
    const x = normals(1, 50);
    const clean = (await run.forward(bn, tensor(x.slice(), [10, 5]))).data;
    x[17] = Number.NaN;
    const y = (await run.forward(bn, tensor(x, [10, 5]))).data;
    y.forEach((v, i) => {
      expect(v).toBe(i === 17 ? Number.NaN : clean[i]);
    });
  });

  test("a layer that met one trains on afterwards as if it had not", async () => {
    const [met, not] = [new BatchNorm(4), new BatchNorm(4)];
    const bad = normals(1, 40);
    bad[9] = Number.NaN;
    await run.forward(met, tensor(bad, [10, 4]));
    await run.backward(met, tensor(normals(2, 40), [10, 4]));
    const x = tensor(normals(3, 40), [10, 4]);
    expect((await run.forward(met, x)).data).toEqual((await run.forward(not, x)).data);
    expect((await run.forward(met.eval(), x)).data.every(Number.isFinite)).toBe(true);
  });
});

onEveryDevice((run) => {
  describe.each([1e19, 1e25, 1e37])("a spread of %d, whose square float32 cannot hold,", (spread) => {
    test.each(forms)("gives the right values in $name, and keeps the running statistics finite", async (form) => {
      const { shape, axis, channels } = form;
      const size = shape.reduce((a, b) => a * b, 1);
      const normal = normals(1, size);
      const right = (await run.forward(new BatchNorm(channels, { axis, eps: 0 }), tensor(normal, shape))).data;
      const bn = new BatchNorm(channels, { axis, eps: 0 });
      const wide = normal.map((v) => v * spread);
      const y = (await run.forward(bn, tensor(wide, shape))).data;
      const good = (v: number, i: number) => Math.abs(v - right[i]) < 1e-5;
      expect(y.findIndex((v, i) => !good(v, i))).toBe(-1);
      expect([...bn.runningMean!.data, ...bn.runningVar!.data].every(Number.isFinite)).toBe(true);
    });
  });
});
