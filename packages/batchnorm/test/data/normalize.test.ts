/** What a model sees of bytes: (byte · scale − mean) / std, place by place of the last axis. */
import { Dataset, type DatasetOptions, Flatten, Linear, Sequential } from "batchnorm";
import { expect, it } from "vitest";
import { integers, largestDifference, normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { openTrainer } from "../support/training.ts";

const COUNT = 5;
const scale = 1 / 255;
const mean = [0.49, 0.48, 0.45];
const std = [0.25, 0.24, 0.26];

const shapes: [string, number[]][] = [
  ["images", [4, 5, 3]],
  ["rows", [7, 3]],
  ["flat items", [3]],
];

function dataset(shape: number[], options: Partial<DatasetOptions> = {}): Dataset {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Uint8Array.from(integers(4, COUNT * size, 256));
  return new Dataset({ data, shape, labels: new Int32Array(COUNT), scale, ...options });
}

/** A model that shows the data: its logits are the values themselves. */
function mirror(size: number): Sequential {
  const linear = new Linear(size, size, { bias: false });
  linear.weight.data.fill(0);
  for (let i = 0; i < size; i++) linear.weight.data[i * size + i] = 1;
  return new Sequential(new Flatten(), linear);
}

/** In units of what rounding the two products costs. */
function worstError(got: ArrayLike<number>, { data, shape, scale, mean, std }: Dataset): number {
  const channels = shape[shape.length - 1];
  const errors = Array.from(data, (byte, i) => {
    const c = i % channels;
    const [m, s] = [mean?.[c] ?? 0, std?.[c] ?? 1];
    const exact = (byte * scale - m) / s;
    return Math.abs(got[i] - exact) / ((byte * scale + Math.abs(m)) / s + 1e-30) / 2 ** -24;
  });
  return errors.length === got.length ? Math.max(...errors) : Number.NaN;
}

onEveryDevice(({ device }) => {
  it.each(shapes)("%s of bytes are scaled, centred and divided", async (_, shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const trainer = openTrainer(mirror(size), { device });
    for (const options of [{}, { mean }, { std }, { mean, std }, { mean: Float64Array.from(mean), std }]) {
      const data = dataset(shape, options);
      expect(worstError((await trainer.predict(data, { batchSize: 2 })).data, data)).toBeLessThan(3);
    }
  });
  it("fit sees the same values as predict", async () => {
    const data = dataset([4, 5, 3], { mean, std });
    const model = mirror(60);
    const trainer = openTrainer(model, { device });
    const want = (await trainer.predict(data)).data.slice(0, 60);
    let seen = new Float32Array(0);
    trainer.watch(model.layers[0], ({ input }) => {
      seen = input.data.slice();
    });
    await trainer.fit(data.slice(0, 1), { steps: 1, batchSize: 1 });
    expect(seen).toEqual(want);
  });

  it("data sets that share their bytes are each seen under their own options, in any order", async () => {
    const bytes = dataset([4, 5, 3]);
    const options: Partial<DatasetOptions>[] = [
      {},
      { mean },
      { mean, std },
      { std: [2, 3, 4] },
      { scale: 1, mean: std },
    ];
    const sets = options.map((given) => new Dataset({ ...bytes, labels: bytes.labels, ...given } as DatasetOptions));
    const floats = new Dataset({ data: normals(5, 60 * COUNT), shape: [4, 5, 3], labels: new Int32Array(COUNT) });
    const trainer = openTrainer(mirror(60), { device });
    const first: Float32Array[] = [];
    for (const set of [...sets, floats]) first.push((await trainer.predict(set)).data);
    for (const i of [3, 5, 0, 2, 1, 5, 4, 0])
      expect((await trainer.predict([...sets, floats][i])).data).toEqual(first[i]);
    expect(new Set(first.map((values) => values.join())).size).toBe(6);
    expect(largestDifference(first[5], floats.data)).toBe(0);
  });

  it("a slice keeps the options", async () => {
    const augment = { crop: 1, flip: true };
    const data = dataset([4, 5, 3], { mean, std, augment });
    const part = data.slice(1, 4);
    expect(part).toMatchObject({ scale, mean, std, augment, length: 3 });
    const trainer = openTrainer(mirror(60), { device });
    const whole = (await trainer.predict(data, { batchSize: 1 })).data;
    expect((await trainer.predict(part, { batchSize: 1 })).data).toEqual(whole.slice(60, 240));
    expect(dataset([3], {}).slice(2)).toMatchObject({ mean: null, std: null, augment: null });
  });
});
