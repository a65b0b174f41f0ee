import { expect, test } from "vitest";
import type { SigmoidsSpec } from "#dist/networks/sigmoids/spec.js";
import { specHash } from "#dist/runs/spec.js";

test("a run's name depends on every value of its spec, and not on the order of the fields", () => {
  const spec: SigmoidsSpec = {
    kind: "training",
    data: "abc",
    trainOn: "all",
    measureOn: ["test"],
    batchNorm: true,
    hidden: [100],
    sigma: 0.1,
    learningRate: 0.1,
    batchSize: 60,
    steps: 10,
    measureAt: [10],
    watchedUnit: null,
    seed: 1,
  };
  const reversed = Object.fromEntries(Object.entries(spec).reverse()) as unknown as SigmoidsSpec;
  expect(specHash(reversed)).toBe(specHash(spec));
  const changes: Partial<SigmoidsSpec>[] = [
    { data: "abd" },
    { trainOn: "all-but-held-out" },
    { measureOn: ["held-out"] },
    { batchNorm: false },
    { hidden: [100, 100] },
    { sigma: 0.2 },
    { learningRate: 1 },
    { batchSize: 61 },
    { steps: 11 },
    { measureAt: [5, 10] },
    { watchedUnit: 0 },
    { seed: 2 },
  ];
  const hashes = changes.map((change) => specHash({ ...spec, ...change }));
  expect(new Set([specHash(spec), ...hashes]).size).toBe(changes.length + 1);
});
