import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import { depthChart } from "./chart.ts";
import { type DepthResults, stopText } from "./results.ts";

export const PANEL = { width: 400, height: 270 };

/** A chart for each σ, side by side, as one SVG file. */
export function figures(results: DepthResults): Figure[] {
  const columns = results.sigmas.map((sigma, index) => ({ sigma, x: 8 + index * (PANEL.width + 24) }));
  const panels = columns.map(({ sigma, x }) => ({
    panel: depthChart(results, sigma, FILE_THEME, PANEL),
    x,
    y: 50,
  }));
  const captions = columns.flatMap(({ sigma, x }) => [
    { text: `Initial weights of σ ${sigma}`, x: x + 8, y: 24, bold: true },
    { text: `without batch norm it ${stopText(results, { batchNorm: false, sigma })}`, x: x + 8, y: 42 },
  ]);
  const width = results.sigmas.length * (PANEL.width + 24) - 8;
  const svg = sheet(width, PANEL.height + 56, panels, captions, "Test accuracy against the number of hidden layers");
  return [{ name: "depth", svg }];
}
