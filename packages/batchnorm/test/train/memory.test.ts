/** A training step allocates nothing in steady state: neither in the device's memory nor, beyond garbage, in JavaScript. */
import { randn, SGD, type Trainer } from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { expect, it } from "vitest";
import { scriptResult } from "../support/child.ts";
import { cpuOf, openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

interface Sample {
  heap: number;
  wasm: number;
  top: number;
}

it("keeps heap and device memory flat over 50,000 steps", async () => {
  const samples = await scriptResult<Sample[]>("train/memory.mjs", [], ["--expose-gc"]);
  expect(samples).toHaveLength(10);
  const [first, ...rest] = samples;
  for (const { wasm, top } of rest) {
    expect(wasm).toBe(first.wasm);
    expect(top).toBe(first.top);
  }
  // Compiled code comes and goes, on Node 22 and 24 by 120,000 bytes: medians, once the compilers have begun. Four bytes a step
  // are 100,000 in between.
  const heapAt = (from: number) =>
    samples
      .slice(from, from + 3)
      .map(({ heap }) => heap)
      .sort((a, b) => a - b)[1];
  expect(heapAt(7) - heapAt(2)).toBeLessThan(100_000);
});

/** The end of what is allocated, and the size of the memory. */
function used(trainer: Trainer): [number, number] {
  const { memory } = cpuOf(trainer);
  return [memory.top, memory.byteLength];
}

it("keeps the device's memory flat while the MNIST network trains", async () => {
  const trainer = openTrainer(mnistNetwork(), { optimizer: new SGD({ lr: 0.1, momentum: 0.9 }), threads: 2 });
  const data = smallDataset({ count: 300, inputs: 784, classes: 10 });
  await trainer.fit(data, { untilStep: 2, batchSize: 60 });
  const before = used(trainer);
  await trainer.fit(data, { untilStep: 300, batchSize: 60 });
  expect(trainer.stepCount).toBe(300);
  expect(used(trainer)).toEqual(before);
});

it("keeps the device's memory flat while data sets are evaluated in turn", async () => {
  const trainer = openTrainer(smallNetwork());
  const data = [1, 2].map((seed) => smallDataset({ count: 50, seed }));
  for (const set of data) await trainer.evaluate(set, { batchSize: 20 });
  const before = used(trainer);
  for (let i = 0; i < 2000; i++) await trainer.evaluate(data[i % 2], { batchSize: 20 });
  expect(used(trainer)).toEqual(before);
});

it("keeps the device's memory bounded while the shape of the batch changes at every step", async () => {
  const trainer = openTrainer(smallNetwork({ width: 300 }));
  const sizes = [60, 7, 64, 31, 128, 2, 99];
  const batches = sizes.map((n) => ({ x: randn([n, 6], { seed: n }), labels: new Int32Array(n) }));
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++) for (const { x, labels } of batches) await trainer.step(x, labels);
    return cpuOf(trainer).memory.byteLength;
  };
  const before = await rounds(100);
  expect(await rounds(200)).toBe(before);
});
