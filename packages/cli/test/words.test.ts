import { expect, test } from "vitest";
import { duration, list, percent } from "#dist/words.js";

test("durations and shares read as a person would say them", () => {
  expect([0.2, 59, 61, 125, 3_700, Number.POSITIVE_INFINITY].map(duration)).toEqual([
    "1 s",
    "59 s",
    "1 min 01 s",
    "2 min 05 s",
    "1 h 1 min",
    "?",
  ]);
  expect([["a"], ["a", "b"], ["a", "b", "c"]].map(list)).toEqual(["a", "a and b", "a, b and c"]);
  expect([percent(0.97062), percent(0.5, 0), percent(1)]).toEqual(["97.06%", "50%", "100.00%"]);
});
