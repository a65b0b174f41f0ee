import { expect } from "vitest";
import { experiment } from "#dist/experiments/ensemble/index.js";
import { reproduces } from "../../support/reproduces.ts";

reproduces(experiment, {
  steps: 2,
  runs: [6],
  check({ members, votes, batchSize }) {
    expect(batchSize).toBe(32);
    expect(members.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(votes.map(({ choices }) => choices)).toEqual([6, 15, 20, 15, 6, 1]);
    // What each network's own measurement says, and its stored probabilities.
    expect(votes[0].mean).toBeCloseTo(members.reduce((sum, { accuracy }) => sum + accuracy, 0) / 6, 12);
  },
});
