import { accuracy, Dataset, decayWeightsOnly, exponentialDecay, SGD, Tensor, Trainer } from "batchnorm";
import { readSafetensors, writeSafetensors } from "batchnorm/formats";
import { inception } from "batchnorm/models";
import { beforeAll, describe, expect, test } from "vitest";
import type { SharedData } from "#dist/datasets/shared.js";
import { channelStatistics } from "#dist/datasets/statistics.js";
import { decodeProbabilities, encodeProbabilities } from "#dist/networks/inception/probabilities.js";
import { kind } from "#dist/networks/inception/run.js";
import { heldOutImages } from "#dist/networks/inception/settings.js";
import type { ImageResult, ImageSpec } from "#dist/networks/inception/spec.js";
import { readCheckpoint } from "#dist/runs/checkpoint.js";
import type { Checkpoint } from "#dist/runs/spec.js";
import { fewSteps, loadFewColours } from "../../support/colours.ts";
import { alone, noting } from "../../support/runs.ts";

let data: SharedData;
let whole: Awaited<ReturnType<typeof carryOut>>;
let short: Awaited<ReturnType<typeof carryOut>>;
beforeAll(async () => {
  data = await loadFewColours();
  whole = await carryOut();
  short = await carryOut(SHORT);
});

/** A run, with everything that it reported. */
async function carryOut(choices: Partial<ImageSpec> = {}, checkpoint?: Checkpoint) {
  const { context, steps, checkpoints } = noting(checkpoint);
  const spec = fewSteps(data.fingerprint, choices);
  const result = await kind.carryOut(spec, data, context);
  return { spec, result, steps, checkpoints };
}

/** All of a result but its time. */
function numbers({ seconds, ...rest }: ImageResult) {
  expect(seconds).toBeGreaterThan(0);
  return rest;
}

test("a run is the paper's descent on images that are normalized by themselves, moved and mirrored", async () => {
  const size = 32 * 32 * 3;
  const learned = data.train.images.subarray(0, 24 * size);
  const options = { shape: [32, 32, 3], scale: 1 / 255, ...channelStatistics(learned, 3, 1 / 255) };
  const labels = data.train.labels.subarray(0, 24);
  const trainOn = new Dataset({ data: learned, labels, ...options, augment: { crop: 4, flip: true } });
  const testOn = new Dataset({ data: data.test.images, labels: data.test.labels, ...options });
  const model = inception({ dropout: 0.4, seed: 3 });
  const trainer = new Trainer(model, {
    optimizer: new SGD({ lr: 0.05, momentum: 0.9, groups: decayWeightsOnly(model, 1e-3) }),
    schedule: exponentialDecay({ every: 7, factor: 0.1 }),
    seed: 3,
  });
  const losses: number[] = [];
  const accuracies: number[] = [];
  for await (const { step, loss } of trainer.iterate(trainOn, { steps: 7, batchSize: 8, every: 1 })) {
    losses.push(loss);
    if (step === 2) accuracies.push((await trainer.evaluate(testOn.slice(0, 12))).accuracy);
  }
  accuracies.push((await trainer.evaluate(testOn)).accuracy);
  const logits = await trainer.predict(testOn);
  await trainer.close();

  const { result, steps } = whole;
  expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(result).toMatchObject({ kind: "images", divergedAt: null });
  expect(result.parameters).toBe(model.parameters().reduce((sum, { size }) => sum + size, 0));
  expect(result.points.map(({ step, accuracy: { test: share } }) => [step, share])).toEqual([
    [2, accuracies[0]],
    [7, accuracies[1]],
  ]);
  expect(result.points[0].loss).toBeCloseTo((losses[0] + losses[1]) / 2, 12);
  expect(result.points[1].loss).toBeCloseTo(losses.slice(2).reduce((a, b) => a + b) / 5, 12);
  expect(result.probabilities).toBe(encodeProbabilities(logits));
});

test("probabilities are the softmax of the scores, and as accurate", () => {
  const scores = new Tensor(Float32Array.from([0, Math.log(3), 200, 200]), [2, 2]);
  const stored = decodeProbabilities(encodeProbabilities(scores));
  for (const [index, share] of [0.25, 0.75, 0.5, 0.5].entries()) expect(stored[index]).toBeCloseTo(share, 6);
  const { probabilities, points } = whole.result;
  const predicted = decodeProbabilities(probabilities ?? "");
  expect(accuracy(new Tensor(predicted, [20, 10]), data.test.labels)).toBe(points[1].accuracy.test);
});

describe("from a checkpoint a run goes on to the same bits", () => {
  test("after every epoch", async () => {
    expect(whole.checkpoints.map(({ step }) => step)).toEqual([3, 6]);
    for (const { step, bytes } of whole.checkpoints) {
      // As it is read again from a file.
      const checkpoint = readCheckpoint(Buffer.from(bytes), whole.spec);
      const resumed = await carryOut({}, checkpoint);
      expect(resumed.steps[0]).toBe(step);
      expect(numbers(resumed.result)).toEqual(numbers(whole.result));
      expect(resumed.result.seconds).toBeGreaterThan(0);
      expect(resumed.checkpoints.map((later) => later.step)).toEqual(step === 3 ? [6] : []);
    }
  });

  test("and begins anew when its bytes were altered", async () => {
    const [{ step, bytes }] = whole.checkpoints;
    const altered = bytes.slice();
    altered[altered.length - 1] ^= 1;
    const resumed = await carryOut({}, { step, bytes: altered });
    expect(resumed.steps[0]).toBe(0);
    expect(numbers(resumed.result)).toEqual(numbers(whole.result));
  });

  test("which is taken only if it is whole and its own", () => {
    const [{ step, bytes }] = whole.checkpoints;
    const read = readCheckpoint(bytes, whole.spec);
    expect(read?.step).toBe(step);
    expect(read?.bytes).toBe(bytes);
    expect(readCheckpoint(bytes, { ...whole.spec, seed: 4 })).toBeUndefined();
    expect(readCheckpoint(bytes.subarray(0, bytes.length - 1), whole.spec)).toBeUndefined();
    expect(readCheckpoint(bytes.subarray(0, 20), whole.spec)).toBeUndefined();
    expect(readCheckpoint(new Uint8Array(0), whole.spec)).toBeUndefined();
    expect(readCheckpoint(Buffer.from("something else, of more than eight bytes"), whole.spec)).toBeUndefined();
  });

  test("which is not taken from another version, with another form of journal", () => {
    const { tensors, metadata } = readSafetensors(whole.checkpoints[0].bytes);
    const noted = (note: object) => writeSafetensors({ tensors, metadata: { ...metadata, run: JSON.stringify(note) } });
    const note = JSON.parse(metadata.run);
    expect(readCheckpoint(noted(note), whole.spec)?.step).toBe(3);
    const { format, ...old } = note;
    expect(readCheckpoint(noted(old), whole.spec)).toBeUndefined();
    expect(readCheckpoint(noted({ ...note, format: format + 1 }), whole.spec)).toBeUndefined();
  });
});

/** Momentum and decay begin with the second step: the third loss shows them. */
const SHORT = { steps: 3, measureAt: [{ step: 3, images: 1 }], probabilities: false };

test.each([
  ["trainImages", 16],
  ["augment", false],
  ["batchNorm", false],
  ["activation", "sigmoid"],
  ["dropout", 0.1],
  ["gain", 2],
  ["learningRate", 0.1],
  ["decay", 0.5],
  ["momentum", 0.5],
  ["weightDecay", 0.1],
  ["seed", 4],
] as const)("another %s gives another result", async (choice, value) => {
  const { result } = await carryOut({ ...SHORT, [choice]: value });
  expect(result.points[0].loss).not.toBe(short.result.points[0].loss);
});

test("accuracy is measured on the parts that were asked for", async () => {
  const { result } = await carryOut({
    measureOn: ["training", "held-out", "test"],
    measureAt: [{ step: 7, images: 1_000 }],
    probabilities: false,
  });
  const shares = result.points[0].accuracy;
  // Of 24, 10 and 20 images.
  for (const [part, images] of [
    ["training", 24],
    ["held-out", 10],
    ["test", 20],
  ] as const) {
    const right = (shares[part] ?? Number.NaN) * images;
    expect(right).toBeCloseTo(Math.round(right), 9);
  }
  expect(result.probabilities).toBeNull();
  expect([50_000, 100, 9].map(heldOutImages)).toEqual([5_000, 10, 0]);
});

test("held-out images are the last of the training set", async () => {
  // What the network takes the last ten for becomes their labels: on them, and on them alone, it is always right.
  const last = { length: 10, images: data.train.images.slice(-10 * 3072), labels: data.train.labels.slice(-10) };
  const { probabilities } = await kind.carryOut(whole.spec, { ...data, test: last }, alone());
  const predicted = decodeProbabilities(probabilities ?? "");
  const labels = data.train.labels.slice();
  for (let image = 0; image < 10; image++) {
    const row = predicted.subarray(image * 10, image * 10 + 10);
    labels[90 + image] = row.indexOf(Math.max(...row));
  }
  const train = { ...data.train, labels };
  const measureOn = ["held-out", "training"] as const;
  const { points } = await kind.carryOut(
    { ...whole.spec, measureOn, probabilities: false },
    { ...data, train },
    alone(),
  );
  expect(points[1].accuracy["held-out"]).toBe(1);
  expect(points[1].accuracy.training).toBeLessThan(1);
});

test("a run whose loss overflows ends there and says so", async () => {
  const { result, steps, checkpoints } = await carryOut({ batchNorm: false, learningRate: 1e30 });
  expect(result.divergedAt).toBeLessThan(7);
  expect(result.points.at(-1)).toMatchObject({ step: result.divergedAt, loss: null });
  expect(result.probabilities).toBeNull();
  expect(steps.at(-1)).toBe(result.divergedAt);
  expect(checkpoints).toEqual([]);
});
