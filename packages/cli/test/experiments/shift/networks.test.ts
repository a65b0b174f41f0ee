import { SGD, Trainer } from "batchnorm";
import { resnet } from "batchnorm/models";
import { beforeAll, expect, test } from "vitest";
import type { SharedData } from "#dist/datasets/shared.js";
import { channelStatistics } from "#dist/datasets/statistics.js";
import { batches, imagesLike, learnedImages, learnedStatistics } from "#dist/experiments/shift/networks.js";
import { loadFewColours } from "../../support/colours.ts";
import { fewSteps } from "../../support/shift.ts";

let colours: SharedData;
beforeAll(async () => {
  colours = await loadFewColours();
});

test("images of CIFAR-10 are normalized by those learned from, and changed", () => {
  const spec = fewSteps(colours.fingerprint, { network: "resnet8", trainImages: 50 });
  const { mean, std } = channelStatistics(colours.train.images.subarray(0, 50 * 3072), 3, 1 / 255);
  const learned = learnedImages(spec, colours);
  expect(learned).toMatchObject({ length: 50, shape: [32, 32, 3], scale: 1 / 255, mean, std });
  expect(learned.augment).toEqual({ crop: 4, flip: true });
  const tested = imagesLike(colours.test, "resnet8", learnedStatistics(spec, colours));
  expect(tested).toMatchObject({ length: 20, shape: [32, 32, 3], scale: 1 / 255, mean, std, augment: null });
});

test("batches are as large as each other, and as a trainer takes the images", async () => {
  const statistics = learnedStatistics(
    fewSteps(colours.fingerprint, { network: "resnet8", trainImages: 100 }),
    colours,
  );
  const all = imagesLike(colours.train, "resnet8", statistics);
  // All 100, and the first once more.
  const more = Buffer.concat([colours.train.images, colours.train.images.subarray(0, 3072)]);
  const made = [...batches(imagesLike({ images: more, labels: new Uint8Array(101) }, "resnet8", statistics))];
  expect(made.map(({ shape }) => shape)).toEqual([
    [50, 32, 32, 3],
    [51, 32, 32, 3],
  ]);
  expect([...made[1].data.slice(-3072)]).toEqual([...made[0].data.slice(0, 3072)]);

  const trainer = new Trainer(resnet({ depth: 8 }), { optimizer: new SGD({ lr: 0.1 }) });
  const [batch] = batches(all);
  const [ours, theirs] = [await trainer.predict(batch), await trainer.predict(all.slice(0, batch.shape[0]))];
  await trainer.close();
  for (const [at, value] of ours.data.entries()) expect(value).toBeCloseTo(theirs.data[at], 4);
});
