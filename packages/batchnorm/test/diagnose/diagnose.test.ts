/** Each diagnosis on a batch norm that has it, and none on one that is well. */
import { type BatchNormFacts, diagnose, type FindingCode, summarize } from "batchnorm/diagnose";
import { describe, expect, it } from "vitest";

const healthy: BatchNormFacts = {
  gamma: [1, 0.5, -2, 1],
  beta: [0, 0.1, -1, 3],
  mean: [0.2, -3, 1, 0],
  variance: [1.5, 0.2, 4, 0.9],
  eps: 1e-5,
  batchesTracked: 1000,
  training: false,
};

const codes = (facts: Partial<BatchNormFacts>) => diagnose({ ...healthy, ...facts }).map(({ code }) => code);

it("a healthy batch norm has no findings, with or without γ, β and a counter", () => {
  expect(codes({})).toEqual([]);
  expect(codes({ gamma: null, beta: null, batchesTracked: null })).toEqual([]);
});

it("of one whose statistics are not known, only its mode can be wrong", () => {
  expect(codes({ mean: null, variance: null, gamma: null })).toEqual([]);
  expect(codes({ mean: null, training: true })).toEqual(["training-mode"]);
});

describe.each<[FindingCode, Partial<BatchNormFacts>, number[], string]>([
  ["training-mode", { training: true }, [], "error"],
  ["not-finite", { mean: [0, Number.NaN, 0, 1] }, [1], "error"],
  ["not-finite", { gamma: [1, 1, Number.POSITIVE_INFINITY, 1] }, [2], "error"],
  ["negative-variance", { variance: [1, 2, -1e-9, 1] }, [2], "error"],
  ["never-trained", { mean: [0, 0, 0, 0], variance: [1, 1, 1, 1] }, [], "error"],
  ["no-batches", { batchesTracked: 0 }, [], "warning"],
  ["vanishing-variance", { variance: [1, 0, 2, 1] }, [1], "warning"],
  ["vanishing-variance", { variance: [1, 1e-12, 2, 1] }, [1], "warning"],
  ["eps-dominates", { variance: [1, 5e-4, 2, 1], eps: 1e-3 }, [1], "warning"],
  ["exploding-scale", { gamma: [1, 1, 9000, 1] }, [2], "warning"],
  ["dead-channels", { gamma: [1, 0, 1e-8, 1] }, [1, 2], "note"],
])("%s", (code, facts, channels, severity) => {
  it(`is found, alone: ${JSON.stringify(facts)}`, () => {
    const [finding, ...others] = diagnose({ ...healthy, ...facts });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code, channels, severity });
    expect(finding.reason).toMatch(/^\S.+[^.]$/);
    expect(finding.advice.length).toBeGreaterThan(10);
  });
});

it("says nothing more of a channel that is broken", () => {
  const variance = [1, -1, 0, 2];
  expect(diagnose({ ...healthy, gamma: [1, 0, 1, 1], variance }).map(({ code, channels }) => [code, channels])).toEqual(
    [
      ["negative-variance", [1]],
      ["vanishing-variance", [2]],
    ],
  );
});

it("counts the channels in words", () => {
  const of = (facts: Partial<BatchNormFacts>) => diagnose({ ...healthy, ...facts })[0].reason;
  expect(of({ variance: [1, -1, 1, 1] })).toContain("1 of 4 channels, -1 at worst");
  expect(of({ variance: [-1, -2, -1, -1] })).toContain("all 4 channels, -2 at worst");
  expect(of({ gamma: null, beta: null, mean: [1], variance: [-1] })).toContain("its only channel");
});

it("needs arrays of one length", () => {
  expect(() => diagnose({ ...healthy, mean: [1] })).toThrow("of one length, got 4, 4, 1 and 4 values");
});

it("a summary leaves out what is not finite, and counts it", () => {
  expect(summarize([3, Number.NaN, 1, 2, Number.NEGATIVE_INFINITY, 10])).toEqual({
    count: 6,
    min: 1,
    median: 2.5,
    mean: 4,
    max: 10,
    notFinite: 2,
  });
  expect(summarize([])).toMatchObject({ count: 0, min: Number.NaN, notFinite: 0 });
});

it("has no limit to the number of channels", () => {
  // A batch norm over flattened images has as many.
  const channels = 3 * 224 * 224;
  const make = (value: (c: number) => number) => Float32Array.from({ length: channels }, (_, c) => value(c));
  const mean = make(() => 0.5);
  const some = {
    mean,
    beta: null,
    gamma: make((c) => (c % 2 ? 1 : 0)),
    variance: make((c) => (c % 3 ? 1 : Number.NaN)),
  };
  expect(codes(some)).toEqual(["not-finite", "dead-channels"]);
  const other = { mean, beta: null, gamma: make(() => 1e9), variance: make((c) => (c % 2 ? -1 : 1e-7)) };
  expect(codes(other)).toEqual(["negative-variance", "eps-dominates", "exploding-scale"]);
});

it("refuses an eps that is none", () => {
  for (const eps of [undefined, Number.NaN, -1]) {
    expect(() => codes({ eps: eps as number })).toThrow(`[diagnose] expected eps of at least 0, got ${eps}`);
  }
});
