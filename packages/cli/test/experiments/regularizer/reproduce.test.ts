import { expect } from "vitest";
import { experiment } from "#dist/experiments/regularizer/index.js";
import { reproduces } from "../../support/reproduces.ts";

reproduces(experiment, {
  steps: 2,
  runs: [4],
  check({ sizes, runs, batchSize }) {
    expect(batchSize).toBe(32);
    expect(sizes).toEqual([90]);
    expect(runs.map(({ images }) => images)).toEqual([90, 90, 90, 90]);
  },
});
