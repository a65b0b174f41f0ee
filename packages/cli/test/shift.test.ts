import { accuracy, cosine, decayWeightsOnly, recalibrate, SGD, Tensor, Trainer, warmup } from "batchnorm";
import { readSafetensors } from "batchnorm/formats";
import { mnistNetwork, resnet } from "batchnorm/models";
import { beforeAll, describe, expect, test } from "vitest";
import { loadMnist, type Mnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { channelStatistics } from "#dist/datasets/statistics.js";
import { accuraciesOf, estimatesOf, PRIOR, SHIFTS } from "#dist/experiments/estimates.js";
import { batches } from "#dist/runs/batches.js";
import { runNetwork } from "#dist/runs/network.js";
import { imagesLike, learnedImages, learnedStatistics } from "#dist/runs/networks.js";
import { runShift } from "#dist/runs/shift.js";
import type { Estimate, NetworkSpec, ShiftSpec } from "#dist/runs/shiftspec.js";
import type { Checkpoint } from "#dist/runs/spec.js";
import { loadFewColours } from "./colours.ts";
import { loadSmall } from "./support.ts";

let mnist: Mnist;
let colours: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist, 120, 41);
  colours = await loadFewColours();
});

/** 6 steps an epoch on 120 images. */
function network(choices: Partial<NetworkSpec> = {}): NetworkSpec {
  return {
    kind: "network",
    data: mnist.fingerprint,
    network: "mnist",
    trainImages: 120,
    learningRate: 0.1,
    warmup: 2,
    momentum: 0.9,
    weightDecay: 5e-4,
    batchSize: 20,
    steps: 15,
    seed: 3,
    ...choices,
  };
}

async function train(spec: NetworkSpec, data: SharedData, checkpoint?: Checkpoint) {
  const steps: number[] = [];
  const checkpoints: Checkpoint[] = [];
  const reporter = {
    advanced: (step: number) => steps.push(step),
    saved: (saved: Checkpoint) => checkpoints.push(saved),
  };
  return { result: await runNetwork(spec, data, reporter, checkpoint), steps, checkpoints };
}

describe("training", () => {
  test("is descent with Nesterov's momentum along a cosine, and its weights are kept", async () => {
    const model = mnistNetwork({ seed: 3 });
    const trainer = new Trainer(model, {
      optimizer: new SGD({ lr: 0.1, momentum: 0.9, nesterov: true, groups: decayWeightsOnly(model, 5e-4) }),
      schedule: warmup({ steps: 2, after: cosine({ steps: 13 }) }),
      seed: 3,
    });
    const losses: number[] = [];
    const options = { steps: 15, batchSize: 20, every: 1 };
    for await (const { loss } of trainer.fit(learnedImages(network(), mnist), options)) losses.push(loss);
    await trainer.close();

    const { result } = await train(network(), mnist);
    const { tensors } = readSafetensors(Buffer.from(result.weights, "base64"));
    const expected = model.stateDict();
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
    const differing = Object.keys(expected).filter((name) => {
      const [ours, theirs] = [tensors[name].data, expected[name].data];
      return ours.some((value, at) => value !== theirs[at]);
    });
    expect(differing).toEqual([]);
    const mean = (from: number, to: number) => losses.slice(from, to).reduce((a, b) => a + b) / (to - from);
    expect(result.points.map(({ step }) => step)).toEqual([6, 12, 15]);
    expect(result.points[0].loss).toBeCloseTo(mean(0, 6), 12);
    expect(result.points[2].loss).toBeCloseTo(mean(12, 15), 12);
  });

  test("goes on from a checkpoint to the same bits", async () => {
    const whole = await train(network(), mnist);
    expect(whole.checkpoints.map(({ step }) => step)).toEqual([6, 12]);
    for (const checkpoint of whole.checkpoints) {
      const resumed = await train(network(), mnist, checkpoint);
      expect(resumed.steps[0]).toBe(checkpoint.step);
      expect(resumed.result.weights === whole.result.weights).toBe(true);
      expect(resumed.result.points).toEqual(whole.result.points);
    }
  });

  test("that diverges says so", async () => {
    await expect(train(network({ learningRate: 1e38 }), mnist)).rejects.toThrow(
      /^training diverged: the loss was not finite at step \d+$/,
    );
  });

  test("images of CIFAR-10 are normalized by those learned from, and changed", () => {
    const spec = network({ network: "resnet8", data: colours.fingerprint, trainImages: 50 });
    const { mean, std } = channelStatistics(colours.train.images.subarray(0, 50 * 3072), 3, 1 / 255);
    const learned = learnedImages(spec, colours);
    expect(learned).toMatchObject({ length: 50, shape: [32, 32, 3], scale: 1 / 255, mean, std });
    expect(learned.augment).toEqual({ crop: 4, flip: true });
    const tested = imagesLike(colours.test, "resnet8", learnedStatistics(spec, colours));
    expect(tested).toMatchObject({ length: 20, shape: [32, 32, 3], scale: 1 / 255, mean, std, augment: null });
  });
});

test("batches are as large as each other, and as a trainer takes the images", async () => {
  const statistics = learnedStatistics(network({ network: "resnet8" }), colours);
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

describe("statistics of shifted images", () => {
  const shift = { name: "brightness", amount: 100 } as const;
  const all: Estimate = { images: 1000, classes: null, onePass: false, prior: 0 };
  const estimates: (Estimate | null)[] = [
    null,
    all,
    { ...all, onePass: true },
    { ...all, prior: 0.5 },
    { ...all, images: 9 },
    { ...all, classes: [0, 1] },
    null,
  ];
  /** 41 test images: the first 20 for statistics. */
  const spec = (): ShiftSpec => ({
    kind: "shift",
    data: mnist.fingerprint,
    network: network(),
    shift,
    images: 41,
    estimates,
    steps: estimates.length,
    seed: 1,
  });

  test("are estimated from one half, as the spec says, and judged by the other", async () => {
    const { weights } = (await train(network(), mnist)).result;
    const steps: number[] = [];
    const { points } = await runShift(spec(), mnist, weights, (step) => steps.push(step));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);

    // Black is 100 of 255, white still 255.
    const values = Float32Array.from(mnist.test.images, (bit) => (bit ? 1 : 100 / 255));
    const rows = (chosen: number[]) =>
      new Tensor(Float32Array.from(chosen.flatMap((row) => [...values.subarray(784 * row, 784 * (row + 1))])), [
        chosen.length,
        784,
      ]);
    const half = Array.from({ length: 20 }, (_, row) => row);
    const others = Array.from({ length: 21 }, (_, row) => row + 20);
    const expected = estimates.map((estimate) => {
      const model = mnistNetwork();
      model.loadStateDict(readSafetensors(Buffer.from(weights, "base64")).tensors);
      if (estimate) {
        const { images, classes, onePass, prior } = estimate;
        const chosen = half.slice(0, images).filter((row) => classes?.includes(mnist.test.labels[row]) ?? true);
        recalibrate(model, [rows(chosen)], { onePass, prior });
      }
      return accuracy(model.eval().forward(rows(others)), mnist.test.labels.subarray(20));
    });
    expect(points.map(({ accuracy: share }) => share)).toEqual(expected.map((share) => expect.closeTo(share, 12)));
    expect(points[1].accuracy).toBeGreaterThan(points[0].accuracy);
    expect(points[6].accuracy).toBe(points[0].accuracy);
  });

  test("need the network's weights", async () => {
    await expect(runShift(spec(), mnist, undefined, () => {})).rejects.toThrow(/expected the weights of the network/);
  });
});

describe("what is measured for a shift", () => {
  /** An accuracy for each estimate that says which it is. */
  const accuracyOf = (estimate: Estimate | null) =>
    estimate
      ? estimate.images + (estimate.classes ? 0.5 : 0) + (estimate.onePass ? 0.25 : 0) + (estimate.prior ? 0.125 : 0)
      : 0;
  const read = (images: number, closer: boolean) =>
    accuraciesOf(
      images,
      estimatesOf(images, closer).map((estimate, index) => ({ step: index + 1, accuracy: accuracyOf(estimate) })),
    );

  test("is read as it was asked for", () => {
    expect(read(500, false)).toEqual({ before: 0, layers: 500, onePass: 500.25, prior: 500.125 });
    const { samples, ...rest } = read(20, true);
    expect(rest).toEqual({ before: 0, layers: 20, onePass: 20.25, prior: 20.125, fewClasses: 20.5 });
    expect(samples).toEqual([4, 8, 16, 20].map((images) => ({ images, layers: images, prior: images + 0.125 })));
  });

  test("takes all images, or the first so many, up to 1,024", () => {
    const counts = estimatesOf(5000, true).map((estimate) => estimate?.images);
    expect(new Set(counts)).toEqual(new Set([undefined, 5000, 4, 8, 16, 32, 64, 128, 256, 512, 1024]));
    expect(estimatesOf(5000, true).every((estimate) => !estimate || [0, PRIOR].includes(estimate.prior))).toBe(true);
  });

  test("is looked at more closely at one severity of each shift", () => {
    expect(SHIFTS).toHaveLength(12);
    const closer = SHIFTS.filter((each) => each.closer).map(({ shift }) => shift.name);
    expect(closer).toEqual(["contrast", "brightness", "noise", "blur"]);
  });
});
