import { readdirSync } from "node:fs";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { Experiment } from "#dist/experiments/experiment.js";
import { EXPERIMENTS } from "#dist/experiments/index.js";
import type { Recorded } from "#dist/results/recorded.js";
import { lacking, recordedResults, SOURCES } from "../support/whole.ts";

test("every folder is registered, under its own name", () => {
  const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(EXPERIMENTS.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
});

describe.each(EXPERIMENTS)("$name", (experiment) => {
  test("is whole", async () => {
    expect(await lacking(experiment)).toEqual([]);
  });

  test("has a page that needs nothing beside it, with a title and descriptions of all figures", async () => {
    const text = await pageOf(experiment);
    expect(text).not.toMatch(/<(script|link|img|iframe)\b|@import|\b(src|href)=["'](?!#)/);
    const { document } = parseHTML(text);
    expect(document.querySelector("title")?.textContent).toBe(document.querySelector("h1")?.textContent);
    const charts = [...document.querySelectorAll("figure > svg")];
    expect(charts.length).toBeGreaterThan(0);
    for (const chart of charts) expect(chart.getAttribute("aria-label")).toMatch(/\w+ .*\w+/);
    const { side, threshold } = recordedResults(experiment.name).data;
    const form = threshold === null ? "in colours" : "made binary";
    expect(document.querySelector("footer")?.textContent).toContain(`${side} × ${side} pixels, ${form}`);
  });

  test("has no value that failed in its page and its summary", async () => {
    const { document } = parseHTML(await pageOf(experiment));
    const { summary } = await experiment.page();
    for (const text of [document.body.textContent, summary(recordedResults(experiment.name)).join("\n")]) {
      expect(text).not.toMatch(/undefined|NaN|\[object|null|Infinity/);
    }
  });

  test("draws figures that stand for themselves on white", async () => {
    const { figures } = await experiment.figures();
    for (const { svg } of figures(recordedResults(experiment.name))) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toContain('fill="#ffffff"');
      expect(svg).not.toMatch(/var\(--|NaN|undefined|Infinity/);
      expect(svg.match(/<(svg|g)\b/g)?.length).toBe(svg.match(/<\/(svg|g)>/g)?.length);
    }
  });

  test("has the names of data in its page and figures as text, not as markup", async () => {
    const results = recordedResults(experiment.name);
    const named = renamed(results, '<img src=x onerror="alert(1)">') as Recorded<string>;
    const { figures } = await experiment.figures();
    const texts = [await pageOf(experiment, named), ...figures(named).map(({ svg }) => svg)];
    expect(texts[0]).toContain("&lt;img src=x");
    for (const text of texts) expect(text).not.toContain("<img");
  });
});

async function pageOf(experiment: Experiment, results = recordedResults(experiment.name)): Promise<string> {
  const { page } = await experiment.page();
  return page(results);
}

/** With another name for all data. */
function renamed(value: unknown, name: string): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner) =>
    key === "data" && inner?.name ? { ...inner, name } : inner,
  );
}
