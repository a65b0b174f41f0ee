import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { driftChart, MEASURES } from "./chart.ts";
import { type BiasDriftResults, curvesOf } from "./results.ts";

export const PANEL = { width: 400, height: 240 };
const ROW = PANEL.height + 40;

/** The two parts of the experiment. */
export const PARTS = [
  { learns: "the bias", title: "Only the bias learns" },
  { learns: "everything", title: "Every parameter learns" },
] as const;

/** Norm of the bias and loss, for both parts of the experiment, as one SVG file. */
export function figures(results: BiasDriftResults): Figure[] {
  const panels = PARTS.flatMap(({ learns }, row) =>
    MEASURES.map((measure, column) => ({
      panel: driftChart(curvesOf(results, learns), measure, FILE_THEME, PANEL),
      x: 8 + column * (PANEL.width + 24),
      y: 34 + row * ROW,
    })),
  );
  const captions = PARTS.map(({ title }, row) => ({ text: title, x: 16, y: 24 + row * ROW, bold: true }));
  const width = 2 * PANEL.width + 24 + 16;
  const svg = sheet(width, PARTS.length * ROW + 4, panels, captions, "Norm of the bias and loss over training");
  return [{ name: "bias-drift", svg }];
}
