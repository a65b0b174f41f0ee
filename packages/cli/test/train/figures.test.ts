import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { figures } from "#dist/train/figures.js";

const inDocs = (path: string) => readFileSync(new URL(`../../../../docs/${path}`, import.meta.url), "utf8");

test("the curves in docs/figures are drawn from docs/results", () => {
  const [{ svg }] = figures(JSON.parse(inDocs("results/resnet20/train.json")));
  expect(svg === inDocs("figures/resnet20.svg")).toBe(true);
});
