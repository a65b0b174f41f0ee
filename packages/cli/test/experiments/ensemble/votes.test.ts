import { describe, expect, test } from "vitest";
import { votes } from "#dist/experiments/ensemble/votes.js";

describe("votes", () => {
  test("average every choice of networks", () => {
    const sure = Float32Array.from([0.9, 0.1, 0.9, 0.1, 0.9, 0.1]);
    const right = Float32Array.from([0.6, 0.4, 0.3, 0.7, 0.45, 0.55]);
    const labels = Uint8Array.from([0, 1, 1]);
    const [one, two] = votes([sure, right], labels);
    expect(one).toEqual({ networks: 1, choices: 2, mean: (1 / 3 + 1) / 2, lowest: 1 / 3, highest: 1 });
    expect(two).toEqual({ networks: 2, choices: 1, mean: 1 / 3, lowest: 1 / 3, highest: 1 / 3 });
    expect(votes([], labels)).toEqual([]);
    // Neither network's own choice, and not the highest probability of all.
    const together = votes([Float32Array.of(0.5, 0.1, 0.4), Float32Array.of(0, 0.55, 0.45)], Uint8Array.of(2));
    expect(together.map(({ mean }) => mean)).toEqual([0, 1]);
  });

  test("take all choices of six", () => {
    const one = Float32Array.from([1, 0]);
    const counted = votes(Array(6).fill(one), Uint8Array.of(0));
    expect(counted.map(({ choices }) => choices)).toEqual([6, 15, 20, 15, 6, 1]);
    expect(counted.every(({ mean }) => mean === 1)).toBe(true);
  });
});
