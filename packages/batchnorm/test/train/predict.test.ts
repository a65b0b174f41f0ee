/** `trainer.predict` of a whole data set: as batch by batch, in the order of the examples. */
import {
  BatchNorm,
  Conv2d,
  crossEntropy,
  Dataset,
  GlobalAveragePool,
  Linear,
  meanSquaredError,
  ReLU,
  Sequential,
  tensor,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { bytesOf, integers, largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, trainedBits } from "../support/training.ts";

const data = smallDataset({ count: 53 });

/** The results for the examples, each batch given as a tensor. */
async function byTensors(
  trainer: ReturnType<typeof openTrainer>,
  values: Float32Array,
  shape: number[],
  batchSize: number,
) {
  const size = shape.reduce((a, b) => a * b, 1);
  const results: number[] = [];
  for (let at = 0; at < values.length; at += batchSize * size) {
    const part = values.slice(at, at + batchSize * size);
    results.push(...(await trainer.predict(tensor(part, [part.length / size, ...shape]))).data);
  }
  return Float32Array.from(results);
}

onEveryDevice(({ device }) => {
  async function trained() {
    const trainer = openTrainer(smallNetwork(), { device });
    await trainer.fit(data, { untilStep: 5, batchSize: 12 });
    return trainer;
  }

  describe("predict of a data set", () => {
    it.each([1, 7, 26, 52, 53, 54])(
      "is that of its examples in batches of %i, a smaller last one included",
      async (n) => {
        const trainer = await trained();
        const given = await trainer.predict(data, { batchSize: n });
        expect(given.shape).toEqual([53, 3]);
        expect(bytesOf(given.data)).toEqual(bytesOf(await byTensors(trainer, data.data as Float32Array, [6], n)));
        const whole = await trainer.predict(tensor(data.data, [53, 6]));
        expect(largestDifference(given.data, whole.data)).toBeLessThan(1e-6);
      },
    );

    it("takes 500 examples at a time unless told otherwise", async () => {
      const trainer = await trained();
      const large = smallDataset({ count: 1001 });
      const sizes: number[] = [];
      trainer.watch((trainer.model as Sequential).layers[0], ({ input }) => sizes.push(input.shape[0]));
      const given = await trainer.predict(large);
      expect(sizes).toEqual([500, 500, 1]);
      expect(bytesOf(given.data)).toEqual(bytesOf(await byTensors(trainer, large.data as Float32Array, [6], 500)));
    });

    it("takes images of bytes as the data set says", async () => {
      const bytes = Uint8Array.from(integers(3, 5 * 4 * 4 * 2, 256));
      const images = { data: bytes, shape: [4, 4, 2], labels: [0, 1, 2, 0, 1], scale: 1 / 255 };
      const model = new Sequential(new Conv2d(2, 4, 3), new BatchNorm(4), new ReLU(), new GlobalAveragePool());
      const trainer = openTrainer(new Sequential(model, new Linear(4, 3)), { device });
      const plain = await trainer.predict(new Dataset(images), { batchSize: 2 });
      expect(plain.shape).toEqual([5, 3]);
      const values = (mean: number[], std: number[]) =>
        Float32Array.from(bytes, (byte, i) => (byte / 255 - mean[i % 2]) / std[i % 2]);
      const [mean, std] = [
        [0.4, 0.6],
        [0.2, 0.3],
      ];
      const normalized = await trainer.predict(new Dataset({ ...images, mean, std }), { batchSize: 2 });
      for (const [got, given] of [
        [plain, values([0, 0], [1, 1])],
        [normalized, values(mean, std)],
      ] as const) {
        expect(largestDifference(got.data, await byTensors(trainer, given, [4, 4, 2], 2))).toBeLessThan(1e-5);
      }
      expect(largestDifference(plain.data, normalized.data)).toBeGreaterThan(1e-2);
    });

    it("is a tensor that later calls leave alone, and leaves training as it was", async () => {
      const [trainer, untouched] = [await trained(), await trained()];
      const given = await trainer.predict(data, { batchSize: 20 });
      const copy = given.data.slice();
      expect(await trainedBits(trainer)).toBe(await trainedBits(untouched));
      for (const each of [trainer, untouched]) await each.fit(data, { untilStep: 12, batchSize: 12 });
      await trainer.predict(data, { batchSize: 20 });
      expect(given.data).toEqual(copy);
      expect(bytesOf(await trainer.save())).toEqual(bytesOf(await untouched.save()));
    });

    it("is refused for a batch size that is none, for other shapes, and after close", async () => {
      const trainer = await trained();
      for (const batchSize of [0, -1, 1.5, Number.NaN]) {
        const words = ["[predict]", "positive batch size", `${batchSize}`];
        await rejects(() => trainer.predict(data, { batchSize }), "E_BATCH", ...words);
      }
      await rejects(() => trainer.predict(smallDataset({ inputs: 5 })), "E_SHAPE", "[Linear 0]", "6 features", "5]");
      expect((await trainer.predict(data.slice(0, 4))).shape).toEqual([4, 3]);
      await trainer.close();
      await rejects(() => trainer.predict(data), "E_STATE", "[Trainer]", "open trainer");
    });

    it("does not ask for labels that would do for training", async () => {
      const unknown = new Dataset({ data: data.data, shape: data.shape, labels: new Int32Array(data.length).fill(-1) });
      for (const loss of [crossEntropy(), meanSquaredError()]) {
        const trainer = openTrainer(smallNetwork(), { loss, device });
        expect((await trainer.predict(unknown)).shape).toEqual([data.length, 3]);
      }
    });
  });
});
