/** Every program in examples/ runs, and prints what its comments say it prints: `// => …`. */
import { readdirSync, readFileSync } from "node:fs";
import { manualSeed } from "batchnorm";
import { expect, test, vi } from "vitest";

const folder = new URL("../examples/", import.meta.url);
const programs = readdirSync(folder).filter((file) => file.endsWith(".ts"));

/** What the comments promise, in their order; ", then: " stands between the lines of one call in a loop. */
function promised(file: string): string[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  return [...text.matchAll(/\/\/ => (.*)$/gm)].flatMap(([, lines]) => lines.split(", then: "));
}

test("there are examples", () => {
  expect(programs.length).toBeGreaterThanOrEqual(4);
});

test.each(programs)("examples/%s prints what it says", async (file) => {
  manualSeed(0);
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...words) => void printed.push(words.join(" ")));
  try {
    await import(/* @vite-ignore */ new URL(file, folder).href);
  } finally {
    log.mockRestore();
  }
  expect(printed).toEqual(promised(file));
});
