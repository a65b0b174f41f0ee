import type { NetworkSpec } from "#dist/experiments/shift/spec.js";

/** 6 steps an epoch on 120 images. */
export function fewSteps(data: string, choices: Partial<NetworkSpec> = {}): NetworkSpec {
  return {
    kind: "network",
    data,
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
