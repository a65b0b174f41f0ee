import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../src/state/address.ts";
import { PAPER, trainsAlike } from "../src/state/experiment.ts";
import { FIRST, PRESETS } from "../src/state/presets.ts";

describe("an address", () => {
  it.each(PRESETS.map((preset) => [preset.name, preset] as const))("gives the preset %s back", (_, preset) => {
    const asked = parseAddress(formatAddress(preset.experiment, preset));
    expect(asked).toEqual({ experiment: preset.experiment, preset, notes: [] });
  });

  it("gives any experiment back", () => {
    const experiment = {
      learningRate: 0.0123,
      sigma: 2.5,
      batchSize: 17,
      activation: "tanh",
      width: 33,
      norms: [false, true, false, true],
      statistics: "batch",
      seed: 4711,
    } as const;
    expect(parseAddress(formatAddress(experiment, null))).toEqual({ experiment, preset: null, notes: [] });
  });

  it("is the first preset where it says nothing", () => {
    expect(parseAddress("")).toEqual({ experiment: FIRST.experiment, preset: FIRST, notes: [] });
  });

  it("changes a preset by what else it says", () => {
    const { experiment, preset } = parseAddress("#preset=fast&seed=3");
    expect(experiment).toEqual({ ...PRESETS[1].experiment, seed: 3 });
    expect(preset).toBeNull();
  });

  it.each([
    ["lr=1e9", { learningRate: 1000 }, /lr was set to 1000/],
    ["lr=-1", { learningRate: 0.0001 }, /lr was set to 0.0001/],
    ["batch=1", { batchSize: 2 }, /batch was set to 2/],
    ["batch=2.7", { batchSize: 3 }, /batch was set to 3/],
    ["seed=", {}, /seed has to be a number from 0 to 999999, not “”/],
    ["sigma=NaN", {}, /sigma has to be a number/],
    ["width=Infinity", {}, /width has to be a number/],
    ["activation=cosine", {}, /activation has to be one of sigmoid, tanh, relu, not “cosine”/],
    ["statistics=none", {}, /statistics has to be one of running, batch/],
    ["norm=", {}, /norm has to be a 0 or a 1 for each of 1 to 8 hidden layers/],
    ["norm=111111111", {}, /norm has to be/],
    ["norm=12", {}, /norm has to be/],
    ["preset=nonsense", {}, /There is no preset “nonsense”/],
    ["__proto__=1", {}, /“__proto__” is no setting/],
    ["colour=red", {}, /“colour” is no setting of this page/],
  ])("with %s takes what it can and says the rest", (hash, change, words) => {
    const { experiment, notes } = parseAddress(`#${hash}`);
    expect(experiment).toEqual({ ...FIRST.experiment, ...change });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(words);
  });
});

it("experiments that are measured differently train alike", () => {
  expect(trainsAlike(PAPER, { ...PAPER, statistics: "batch" })).toBe(true);
  expect(trainsAlike(PAPER, { ...PAPER, seed: 2 })).toBe(false);
});
