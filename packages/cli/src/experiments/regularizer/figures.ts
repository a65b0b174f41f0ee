import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { integer } from "../../words.ts";
import { overfittingChart } from "./chart.ts";
import type { RegularizerResults } from "./results.ts";

export const PANEL = { width: 400, height: 250 };
const GAP = 24;

/** A chart for each number of training images, side by side, as one SVG file. */
export function figures(results: RegularizerResults): Figure[] {
  const x = (column: number) => 8 + column * (PANEL.width + GAP);
  const panels = results.sizes.map((images, column) => ({
    panel: overfittingChart(results, images, FILE_THEME, PANEL),
    x: x(column),
    y: 34,
  }));
  const captions = results.sizes.map((images, column) => ({
    text: title(images),
    x: x(column) + 8,
    y: 24,
    bold: true,
  }));
  const description = "Accuracy on test images and on images learned from";
  const svg = sheet(x(results.sizes.length) - GAP + 8, PANEL.height + 40, panels, captions, description);
  return [{ name: "regularizer", svg }];
}

/** Of a part of the figure. */
export function title(images: number): string {
  return `${integer(images)} training images`;
}
