import { cosine, decayWeightsOnly, SGD, Trainer, warmup } from "batchnorm";
import { readSafetensors } from "batchnorm/formats";
import { mnistNetwork } from "batchnorm/models";
import { beforeAll, describe, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { learnedImages } from "#dist/experiments/shift/networks.js";
import type { NetworkSpec } from "#dist/experiments/shift/spec.js";
import { kind } from "#dist/experiments/shift/training.js";
import type { Checkpoint } from "#dist/runs/spec.js";
import { loadSmall } from "../../support/mnist.ts";
import { noting } from "../../support/runs.ts";
import { fewSteps } from "../../support/shift.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist, 120, 41);
});

const spec = (choices: Partial<NetworkSpec> = {}) => fewSteps(mnist.fingerprint, choices);

async function train(spec: NetworkSpec, data: SharedData, checkpoint?: Checkpoint) {
  const { context, steps, checkpoints } = noting(checkpoint);
  return { result: await kind.carryOut(spec, data, context), steps, checkpoints };
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
    for await (const { loss } of trainer.iterate(learnedImages(spec(), mnist), options)) losses.push(loss);
    await trainer.close();

    const { result } = await train(spec(), mnist);
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
    const whole = await train(spec(), mnist);
    expect(whole.checkpoints.map(({ step }) => step)).toEqual([6, 12]);
    for (const checkpoint of whole.checkpoints) {
      const resumed = await train(spec(), mnist, checkpoint);
      expect(resumed.steps[0]).toBe(checkpoint.step);
      expect(resumed.result.weights === whole.result.weights).toBe(true);
      expect(resumed.result.points).toEqual(whole.result.points);
    }
  });

  test("that diverges says so", async () => {
    await expect(train(spec({ learningRate: 1e38 }), mnist)).rejects.toThrow(
      /^training diverged: the loss was not finite at step \d+$/,
    );
  });
});
