import { beforeAll, expect, test } from "vitest";
import type { SharedData } from "#dist/datasets/shared.js";
import { InputError } from "#dist/errors.js";
import { availableImages, epochSteps } from "#dist/networks/inception/settings.js";
import { loadFewColours } from "../../support/colours.ts";

let data: SharedData;
beforeAll(async () => {
  data = await loadFewColours();
});

test("an experiment takes the images that there are, and refuses less than a step of them", () => {
  expect(availableImages(data, 50)).toBe(50);
  expect(availableImages(data, 45_000)).toBe(90);
  const few = { ...data, name: "few", train: { ...data.train, length: 34 } };
  expect(() => availableImages(few, 45_000)).toThrow(InputError);
  expect(() => availableImages(few, 45_000)).toThrow(/few: expected at least 32 training images.*; got 31/);
  expect(epochSteps(95)).toBe(2);
});
