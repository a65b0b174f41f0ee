import { expect, test } from "vitest";
import { heldOutCount } from "#dist/networks/sigmoids/settings.js";

test("held-out images are the last 10,000, or a sixth of fewer", () => {
  expect([60_000, 600, 120_000, 5].map(heldOutCount)).toEqual([10_000, 100, 10_000, 0]);
});
