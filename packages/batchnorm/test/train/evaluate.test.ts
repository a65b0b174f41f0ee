/** `evaluate` and `predict`: the model in eval mode, in batches, without a trace. */
import { accuracy, Dataset, Linear, randn, Sequential, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, stateBits, trainedBits } from "../support/training.ts";

const data = smallDataset({ count: 53 });
const x = randn([12, 6], { seed: 3 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

onEveryDevice(({ device }) => {
  /** A trainer whose running statistics are not the initial ones. */
  async function trained() {
    const trainer = openTrainer(smallNetwork(), { device });
    for (let i = 0; i < 5; i++) await trainer.step(x, labels);
    return trainer;
  }

  describe("evaluate", () => {
    it("is the mean cross-entropy and accuracy of what predict gives", async () => {
      const trainer = await trained();
      const logits = (await trainer.predict(tensor(data.data, [53, 6]))).data;
      const own = data.labels as Int32Array;
      let loss = 0;
      let correct = 0;
      for (let i = 0; i < 53; i++) {
        const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
        loss += Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[own[i]];
        if (row.indexOf(Math.max(...row)) === own[i]) correct++;
      }
      const result = await trainer.evaluate(data);
      expect(result.loss).toBeCloseTo(loss / 53, 6);
      expect(result.accuracy).toBe(correct / 53);
    });

    it.each([1, 7, 52, 53, 54])("gives the same in batches of %i, a smaller last one included", async (batchSize) => {
      const trainer = await trained();
      const whole = await trainer.evaluate(data, { batchSize: 53 });
      const cut = await trainer.evaluate(data, { batchSize });
      expect(cut.accuracy).toBe(whole.accuracy);
      expect(cut.loss).toBeCloseTo(whole.loss, 6);
    });

    it("changes nothing that training goes on from", async () => {
      const trainer = await trained();
      const untouched = await trained();
      const before = await trainedBits(trainer);
      await trainer.evaluate(data);
      await trainer.predict(x);
      expect(await trainedBits(trainer)).toBe(before);
      expect(trainer.stepCount).toBe(5);
      for (let i = 0; i < 3; i++) expect(await trainer.step(x, labels)).toEqual(await untouched.step(x, labels));
      expect(await trainedBits(trainer)).toBe(await trainedBits(untouched));
    });

    it("takes each data set with its own scale, where they share their bytes", async () => {
      const trainer = openTrainer(smallNetwork(), { device });
      const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 29) % 256);
      const evaluate = (scale: number) =>
        trainer.evaluate(new Dataset({ data: bytes, shape: [6], labels: new Uint8Array(10), scale }));
      const pixels = await evaluate(1 / 255);
      expect(await evaluate(1)).not.toEqual(pixels);
      expect(await evaluate(1 / 255)).toEqual(pixels);
    });

    it.each([0, 1, 2])("counts examples as wrong whose logits are NaN, though all labels are %i", async (label) => {
      const linear = new Linear(6, 3);
      linear.weight.data.fill(Number.NaN);
      const trainer = openTrainer(new Sequential(linear), { device });
      const set = new Dataset({ data: data.data, shape: [6], labels: new Int32Array(53).fill(label) });
      expect(await trainer.evaluate(set)).toEqual({ loss: Number.NaN, accuracy: 0 });
      expect(accuracy(await trainer.predict(set), set.labels as Int32Array)).toBe(0);
      expect((await trainer.step(x, new Int32Array(12).fill(label))).correct).toBe(0);
      const [report] = await trainer.fit(set, { steps: 1, batchSize: 10 });
      expect(report.accuracy).toBe(0);
    });
  });

  describe("predict", () => {
    it("gives what the model gives by itself in eval mode", async () => {
      const trainer = await trained();
      const given = await trainer.predict(x);
      expect(given.shape).toEqual([12, 3]);
      await trainer.close();
      expect(largestDifference(trainer.model.eval().forward(x).data, given.data)).toBeLessThan(1e-6);
    });

    it("gives a tensor that later calls leave alone", async () => {
      const trainer = await trained();
      const given = await trainer.predict(x);
      const copy = given.data.slice();
      await trainer.predict(randn([12, 6], { seed: 4 }));
      await trainer.step(x, labels);
      expect(given.data).toEqual(copy);
    });
  });

  describe("close", () => {
    it("gives the model its parameters back, with what they have learned", async () => {
      const trainer = await trained();
      const bits = await trainedBits(trainer);
      await Promise.all([trainer.close(), trainer.close()]);
      await trainer.close();
      expect(stateBits(trainer.model)).toBe(bits);
      expect(trainer.model.parameters().every((p) => p.resident.home === null)).toBe(true);
      const again = openTrainer(trainer.model, { device });
      await again.step(x, labels);
      expect(await trainedBits(again)).not.toBe(bits);
    });
  });
});

describe("a trainer's own device", () => {
  it("is closed with it, also at the end of a block where the language has `using`", async () => {
    const open = () => openTrainer(new Sequential(new Linear(6, 3)));
    const [closed, disposed, waited] = [open(), open(), open()];
    await closed.close();
    disposed[Symbol.dispose]();
    await waited[Symbol.asyncDispose]();
    for (const { device } of [closed, disposed, waited]) expect(device.closed).toBe(true);
  });
});

describe("evaluate and predict", () => {
  it("refuse options that there are not", async () => {
    const trainer = openTrainer(smallNetwork());
    const batchsize = { batchsize: 5 } as object;
    const words = "expected options batchSize; got batchsize (did you mean batchSize?)";
    await rejects(() => trainer.evaluate(data, batchsize), "E_VALUE", `[evaluate] ${words}`);
    await rejects(() => trainer.predict(data, batchsize), "E_VALUE", `[predict] ${words}`);
    await rejects(() => trainer.predict(x, batchsize), "E_VALUE", `[predict] ${words}`);
  });
});
