import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { integer, percent } from "../../words.ts";
import { heatmap } from "./chart.ts";
import { counts, type RobustnessResults, TRAINED } from "./results.ts";

export const PANEL = { width: 400, height: 310 };

/** The two heat maps as one SVG file. */
export function figures(results: RobustnessResults): Figure[] {
  const columns = [false, true].map((batchNorm, index) => ({
    batchNorm,
    x: 8 + index * (PANEL.width + 24),
  }));
  const panels = columns.map(({ batchNorm, x }) => ({
    panel: heatmap(results, batchNorm, FILE_THEME, PANEL),
    x,
    y: 50,
  }));
  const captions = columns.flatMap(({ batchNorm, x }) => [
    {
      text: batchNorm ? "With batch norm" : "Without batch norm",
      x: x + 8,
      y: 24,
      bold: true,
    },
    { text: counts(results, batchNorm), x: x + 8, y: 42 },
  ]);
  const width = 2 * PANEL.width + 24 + 16;
  const note = {
    text: `Test accuracy in % after ${integer(results.steps)} steps; bold above ${percent(TRAINED, 0)}.`,
    x: 16,
    y: 50 + PANEL.height + 16,
  };
  const svg = sheet(
    width,
    50 + PANEL.height + 28,
    panels,
    [...captions, note],
    "Test accuracy over learning rate and σ",
  );
  return [{ name: "robustness", svg }];
}
