import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { accuracyChart } from "./accuracychart.ts";
import { type Comparison, verdict } from "./comparison.ts";
import { percentilesChart } from "./percentileschart.ts";
import type { Figure1Results } from "./results.ts";
import { settingsText } from "./texts.ts";

export const ACCURACY = { width: 400, height: 250 };
export const PERCENTILES = { width: 400, height: 250 };

/** Where the accuracy axes begin: low enough for the first steps, high enough to tell the ends apart. */
export function accuracyFloor({ same, best }: Figure1Results): number {
  const ends = [same, best].map(verdict).flatMap(({ finalWith, finalWithout }) => [finalWith, finalWithout]);
  return [0.8, 0.6, 0.4].find((floor) => Math.min(...ends) > floor + 0.05) ?? 0;
}

/** Figure 1 as SVG files: both comparisons on one sheet, and each on its own. */
export function figures(results: Figure1Results): Figure[] {
  const floor = accuracyFloor(results);
  const both = [
    { title: "The same settings for both", comparison: results.same },
    { title: "Each network at its best settings", comparison: results.best },
  ];
  return [
    { name: "figure1", svg: comparisonSheet(both, floor) },
    { name: "figure1-same", svg: comparisonSheet(both.slice(0, 1), floor) },
    { name: "figure1-best", svg: comparisonSheet(both.slice(1), floor) },
  ];
}

function comparisonSheet(columns: readonly { title: string; comparison: Comparison }[], floor: number): string {
  const gap = 24;
  const x = (column: number) => 8 + column * (ACCURACY.width + gap);
  const panels = columns.flatMap(({ comparison }, column) => [
    {
      panel: accuracyChart(comparison, floor, FILE_THEME, ACCURACY),
      x: x(column),
      y: 52,
    },
    {
      panel: percentilesChart(comparison, FILE_THEME, PERCENTILES),
      x: x(column),
      y: 52 + ACCURACY.height + 8,
    },
  ]);
  const captions = columns.flatMap(({ title, comparison }, column) => [
    { text: title, x: x(column) + 8, y: 24, bold: true },
    { text: settingsText(comparison), x: x(column) + 8, y: 42 },
  ]);
  const width = x(columns.length) - gap + 8;
  const height = 52 + ACCURACY.height + 8 + PERCENTILES.height + 6;
  return sheet(width, height, panels, captions, "Figure 1: test accuracy and the input of a sigmoid over training");
}
