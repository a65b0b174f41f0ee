import { expect } from "vitest";
import { experiment } from "#dist/experiments/inception/index.js";
import { reproduces } from "../../support/reproduces.ts";

reproduces(experiment, {
  steps: 2,
  runs: [2, 6],
  check({ search, runs, batchSize }) {
    expect(batchSize).toBe(32);
    expect(search.trials.map(({ learningRate }) => learningRate)).toEqual([0.02, 0.1]);
    expect([0.02, 0.1]).toContain(search.chosen);
    const factors = runs.map(({ learningRate }) => learningRate / search.chosen);
    for (const [index, factor] of [1, 1, 5, 30, 5, 1].entries()) expect(factors[index]).toBeCloseTo(factor, 9);
  },
});
