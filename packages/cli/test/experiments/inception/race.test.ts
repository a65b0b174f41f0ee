import { describe, expect, test } from "vitest";
import { fastest, race } from "#dist/experiments/inception/race.js";
import type { InceptionRun } from "#dist/experiments/inception/results.js";

describe("the race", () => {
  const run = (name: string, accuracies: number[]): InceptionRun => ({
    name,
    batchNorm: name !== "Inception",
    activation: "relu",
    dropout: 0,
    learningRate: 0.1,
    decay: 0.1,
    weightDecay: 0,
    parameters: 1,
    points: accuracies.map((test, index) => ({ step: 100 * (index + 1), loss: 1, accuracy: { test } })),
    divergedAt: null,
    seconds: 1,
  });

  test("counts steps to the best of Inception", () => {
    const runs = [
      run("Inception", [0.2, 0.4, 0.6, 0.5]),
      run("BN-x5", [0.3, 0.6, 0.7, 0.8]),
      run("BN-x30", [0.65, 0.6, 0.7, 0.7]),
      run("BN-x5-Sigmoid", [0.1, 0.2, 0.3, 0.4]),
    ];
    const result = race({ runs });
    expect(result.target).toEqual({ step: 300, accuracy: 0.6 });
    expect(result.standings.map(({ steps, ratio, final }) => [steps, ratio, final])).toEqual([
      [300, 1, 0.5],
      [200, 1.5, 0.8],
      [100, 3, 0.7],
      [null, null, 0.4],
    ]);
    expect(fastest(result)?.run.name).toBe("BN-x30");
    expect(fastest(race({ runs: [runs[0], runs[3]] }))).toBeUndefined();
  });
});
