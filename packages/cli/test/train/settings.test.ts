import { zeros } from "batchnorm";
import { describe, expect, test } from "vitest";
import type { SharedData } from "#dist/datasets/shared.js";
import { channelStatistics } from "#dist/datasets/statistics.js";
import { prepare } from "#dist/train/data.js";
import { findModel } from "#dist/train/models.js";
import { type Choices, checkSame, checkSameData, newSettings } from "#dist/train/settings.js";
import { findSource } from "#dist/train/sources.js";

const part = (length: number, size: number) => ({
  length,
  images: Uint8Array.from({ length: length * size }, (_, i) => (i * 37) % 251),
  labels: Uint8Array.from({ length }, (_, i) => i % 10),
});
const images = (size: number): SharedData => ({
  train: part(300, size),
  test: part(20, size),
  name: "some images",
  fingerprint: "abc",
});

function settingsOf(name: string, dataset: string, choices: Choices = {}) {
  const model = findModel(name);
  const source = findSource(dataset, model);
  const data = images(source.shape.reduce((a, b) => a * b));
  return { model, source, data, settings: newSettings(model, source, data, choices) };
}

describe("models and data sets", () => {
  test.each(["resnet9", "resnet2", "resnet", "resnet020", "MNIST", ""])("%j is no model", (name) => {
    expect(() => findModel(name)).toThrow(/expected one of the models mnist, inception, resnet20 .*, got/);
  });

  test("a model that takes rows of 784 values does not take colour images", () => {
    expect(() => findSource("cifar10", findModel("mnist"))).toThrow(
      "the model mnist takes 784 values, an image of cifar10 has 32 × 32 × 3 = 3,072; take a model for images, such as resnet20",
    );
  });

  test("images of MNIST are rows for one model and images for the other", () => {
    for (const [name, shape] of [
      ["mnist", [784]],
      ["resnet8", [28, 28, 1]],
      ["inception", [28, 28, 1]],
    ] as const) {
      const { model, source, data, settings } = settingsOf(name, "mnist");
      const { train, normalization } = prepare(data, source, model, settings);
      expect(train.shape).toEqual(shape);
      expect(normalization === null).toBe(name === "mnist");
      const network = model.build({ batchNorm: true, channels: source.shape[2], seed: 1 });
      expect(network.eval().forward(zeros([2, ...train.shape])).shape).toEqual([2, 10]);
    }
  });

  test("images are normalized by the training images that are used, and only they are moved and mirrored", () => {
    const { model, source, data, settings } = settingsOf("resnet8", "cifar10", { trainImages: 130, testImages: 7 });
    const { train, test: held, normalization } = prepare(data, source, model, settings);
    expect([train.length, held.length]).toEqual([130, 7]);
    expect(train.augment).toEqual({ crop: 4, flip: true });
    expect(held.augment).toBeNull();
    expect(normalization).toEqual(channelStatistics(data.train.images.subarray(0, 130 * 3072), 3, 1 / 255));
    for (const set of [train, held]) {
      expect(set).toMatchObject({ scale: 1 / 255, mean: normalization?.mean, std: normalization?.std });
    }
  });
});

describe("settings", () => {
  test("are the model's, its learning rate in proportion to the batch size", () => {
    expect(settingsOf("resnet20", "cifar10").settings).toEqual({
      model: "resnet20",
      dataset: "cifar10",
      data: "abc",
      trainImages: 300,
      testImages: 20,
      batchNorm: true,
      epochs: 30,
      batchSize: 128,
      learningRate: 0.1,
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
      crop: 4,
      flip: true,
      seed: 1,
    });
    expect(settingsOf("resnet20", "cifar10", { batchSize: 64 }).settings.learningRate).toBe(0.05);
    expect(settingsOf("resnet20", "cifar10", { batchSize: 64, learningRate: 0.3 }).settings.learningRate).toBe(0.3);
    expect(settingsOf("resnet20", "mnist").settings).toMatchObject({ crop: 0, flip: false });
  });

  test.each([
    [{ trainImages: 301 }, "--train-images: expected at most the 300 that some images has, got 301"],
    [{ testImages: 21 }, "--test-images: expected at most the 20 that some images has, got 21"],
    [{ trainImages: 100 }, "--batch-size: expected at most the number of training images, 100, got 128"],
  ])("%j cannot be filled", (choices, sentence) => {
    expect(() => settingsOf("resnet20", "cifar10", choices)).toThrow(sentence);
  });

  test("of a resumed run are its own; others are refused by name", () => {
    const { settings, data } = settingsOf("resnet20", "cifar10", { batchSize: 64 });
    const same = { model: "resnet20", dataset: "cifar10" };
    expect(() => checkSame(settings, { ...same, batchSize: 64, seed: 1 }, "out")).not.toThrow();
    expect(() => checkSame(settings, { ...same, batchSize: 128, epochs: 30, seed: 7 }, "out")).toThrow(
      "out: this run was started with --batch-size 64, not 128, and --seed 1, not 7; go on with --resume alone, or take another --out",
    );
    expect(() => checkSame(settings, { ...same, model: "resnet8" }, "out")).toThrow("the model resnet20, not resnet8");
    expect(() => checkSame(settings, { ...same, batchNorm: false }, "out")).toThrow("batch norm, not with --no-batch-");
    expect(() => checkSameData(settings, data, "out")).not.toThrow();
    expect(() => checkSameData(settings, { ...data, fingerprint: "def" }, "out")).toThrow(
      "out: this run was trained on the images with fingerprint abc, those of some images have def; give the same --data as then",
    );
  });
});
