import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { votesChart } from "./chart.ts";
import type { EnsembleResults } from "./results.ts";

export const PANEL = { width: 560, height: 320 };

/** Accuracy against the number of networks as one SVG file; none when every network diverged. */
export function figures(results: EnsembleResults): Figure[] {
  if (results.votes.length === 0) return [];
  const panel = { panel: votesChart(results, FILE_THEME, PANEL), x: 8, y: 34 };
  const caption = { text: `Networks averaged, ${results.data.name}`, x: 16, y: 24, bold: true };
  const description = "Test accuracy of averaged networks";
  return [{ name: "ensemble", svg: sheet(PANEL.width + 16, PANEL.height + 40, [panel], [caption], description) }];
}
