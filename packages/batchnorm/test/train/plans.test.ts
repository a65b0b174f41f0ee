/** How long a trainer stays bound to a shape of input: the shapes that were used last stay. */
import { Dataset, randn } from "batchnorm";
import { describe, expect, it } from "vitest";
import { normals } from "../support/data.ts";
import { RecordingCpu } from "../support/recordingcpu.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const batch = (count: number) => randn([count, 6], { seed: count });
const labels = (count: number) => new Int32Array(count);

function open() {
  const device = new RecordingCpu();
  const trainer = openTrainer(smallNetwork(), { device });
  device.forget();
  return { device, trainer };
}

describe("a trainer", () => {
  it("is not bound again to a shape that is in use, however many others come in between", async () => {
    const { device, trainer } = open();
    await trainer.step(batch(12), labels(12));
    for (const count of [1, 2, 3, 4]) {
      await trainer.predict(batch(count));
      await trainer.step(batch(12), labels(12));
    }
    // One program each: the step's, and those of four predictions.
    expect(device.bound).toHaveLength(5);
    const [steps] = device.bound;
    expect(device.ran.filter((kernel) => kernel === "sgd")).toHaveLength(5);
    expect(steps.filter(({ kernel }) => kernel === "sgd")).toHaveLength(1);
  });

  it("is bound again to one that was not, and only to that", async () => {
    const { device, trainer } = open();
    for (const count of [12, 1, 2, 3, 4]) await trainer.predict(batch(count));
    expect(device.bound).toHaveLength(5);
    for (const count of [4, 3, 2, 1]) await trainer.predict(batch(count));
    expect(device.bound).toHaveLength(5);
    await trainer.predict(batch(12));
    expect(device.bound).toHaveLength(6);
  });

  it("keeps what it is bound to while it trains on one data set and is evaluated on another, last batches and all", async () => {
    const { device, trainer } = open();
    const sets = [smallDataset({ count: 50 }), smallDataset({ count: 23, seed: 5 })];
    const epoch = async () => {
      await trainer.fit(sets[0], { epochs: 1, batchSize: 8, lastBatch: "use" });
      await trainer.evaluate(sets[1], { batchSize: 10 });
    };
    await epoch();
    const { length } = device.bound;
    for (let i = 0; i < 3; i++) await epoch();
    expect(device.bound).toHaveLength(length);
  });

  it("keeps the program for a data set that is in use, however many others come in between", async () => {
    const { device, trainer } = open();
    const sets = [1, 2, 3, 4, 5].map((seed) => smallDataset({ count: 8, seed }));
    const predict = (set: Dataset) => trainer.predict(set, { batchSize: 8 });
    const first = await predict(sets[0]);
    for (const set of sets.slice(1)) {
      await predict(set);
      expect(await predict(sets[0])).toEqual(first);
    }
    expect(device.bound).toHaveLength(5);
  });

  it("runs a step in one call of the device, on one program", async () => {
    const { device, trainer } = open();
    const data = new Dataset({ data: normals(1, 60), shape: [6], labels: labels(10) });
    await trainer.fit(data, { steps: 3, batchSize: 10 });
    expect(device.bound).toHaveLength(1);
    expect(device.runs).toBe(3);
  });
});
