import { Dataset, Linear, Sequential } from "batchnorm";
import { expect, test } from "vitest";
import { integers, normals } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { cpuOf, openTrainer } from "../support/training.ts";

const bytes = Uint8Array.from({ length: 4000 * 10 }, (_, i) => (i * 7919) % 256);
const labels = integers(1, 4000, 3);
const data = new Dataset({ data: bytes, shape: [10], labels, scale: 1 / 255 });

test("slices made anew each time take no more memory each time", async () => {
  const trainer = openTrainer(new Sequential(new Linear(10, 3)));
  for (let i = 0; i < 10; i++) await trainer.evaluate(data.slice(0, 1000));
  const before = cpuOf(trainer).memory.top;
  for (let i = 0; i < 50; i++) await trainer.evaluate(data.slice(0, 1000));
  expect(cpuOf(trainer).memory.top).toBe(before);
});

test("memory stays bounded when every slice is another", async () => {
  const trainer = openTrainer(new Sequential(new Linear(10, 3)));
  for (let i = 0; i < 20; i++) await trainer.evaluate(data.slice(i, i + 1000));
  const before = cpuOf(trainer).memory.top;
  for (let i = 20; i < 200; i++) await trainer.evaluate(data.slice(i, i + 1000));
  expect(cpuOf(trainer).memory.top).toBeLessThanOrEqual(before + 65536);
});

onEveryDevice(({ device }) => {
  test("each of more data sets than are kept, bytes and floats in turn, gives its own result every time", async () => {
    const trainer = openTrainer(new Sequential(new Linear(10, 3)), { device });
    const sets = Array.from({ length: 7 }, (_, i) => {
      const options = { shape: [10], labels: labels.slice(0, 1000) };
      if (i % 2) return new Dataset({ data: normals(i, 10_000), ...options });
      return new Dataset({ data: bytes.slice(10 * i, 10_000 + 10 * i), ...options, scale: 1 / (i + 1) });
    });
    const first: number[] = [];
    for (const set of sets) first.push((await trainer.evaluate(set)).loss);
    expect(new Set(first).size).toBe(7);
    for (const [i, set] of [...sets.entries()].reverse()) expect((await trainer.evaluate(set)).loss).toBe(first[i]);
  });
});

test.each([
  ["floats", new Float32Array(20)],
  ["bytes", new Uint8Array(20)],
])("a new data set on an array of %s that was filled anew has the new values", async (_name, values) => {
  const trainer = openTrainer(new Sequential(new Linear(10, 3)));
  const predict = async (data: Dataset) => (await trainer.predict(data)).data;
  const fresh = () => new Dataset({ data: values, shape: [10] });
  values.fill(1);
  const first = fresh();
  const before = await predict(first);
  values.fill(3);
  expect(await predict(first)).toEqual(before);
  expect(await predict(fresh())).not.toEqual(before);
  expect(await predict(fresh())).toEqual(await predict(new Dataset({ data: values.slice(), shape: [10] })));
});
