import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { raceChart } from "./chart.ts";
import type { InceptionResults } from "./results.ts";

export const PANEL = { width: 760, height: 400 };

/** Figure 2 as one SVG file. */
export function figures(results: InceptionResults): Figure[] {
  const panel = { panel: raceChart(results, FILE_THEME, PANEL), x: 8, y: 34 };
  const caption = { text: `Inception networks on ${results.data.name}`, x: 16, y: 24, bold: true };
  const description = "Figure 2: test accuracy of Inception networks over training";
  return [{ name: "inception", svg: sheet(PANEL.width + 16, PANEL.height + 40, [panel], [caption], description) }];
}
