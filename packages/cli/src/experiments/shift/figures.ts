import { type Figure, sheet } from "../../report/svg.ts";
import { FILE_THEME } from "../../report/theme.ts";
import type { ShiftResults } from "./results.ts";
import { samplesChart } from "./sampleschart.ts";
import { shiftChart } from "./shiftchart.ts";
import { legend, looks, rangeOf, samplesNote, title } from "./texts.ts";

export const PANEL = { width: 430, height: 340 };
export const SMALL = { width: 200, height: 170 };
const GAP = 16;

/** All shifts of both networks, and accuracy against the number of images: an SVG file each. */
export function figures(results: ShiftResults): Figure[] {
  return [
    { name: "shift", svg: shiftsSheet(results) },
    { name: "shift-samples", svg: samplesSheet(results) },
  ];
}

function shiftsSheet({ networks }: ShiftResults): string {
  const x = (column: number) => 8 + column * (PANEL.width + GAP);
  const panels = networks.map((network, column) => ({
    panel: shiftChart(network, FILE_THEME, PANEL),
    x: x(column),
    y: 34,
  }));
  const captions = networks.map((network, column) => ({ text: title(network), x: x(column) + 8, y: 24, bold: true }));
  const y = 34 + PANEL.height + 20;
  const note = { text: legend(networks), x: 16, y };
  const description = "Test accuracy before and after new statistics, for every shift of the images";
  return sheet(x(networks.length) - GAP + 8, y + 12, panels, [...captions, note], description);
}

function samplesSheet({ networks, prior }: ShiftResults): string {
  const columns = looks(networks[0]).length;
  const row = SMALL.height + 58;
  const x = (column: number) => 8 + column * (SMALL.width + GAP / 2);
  const panels = networks.flatMap((network, at) =>
    looks(network).map(({ accuracies }, column) => ({
      panel: samplesChart(accuracies, rangeOf(network), FILE_THEME, SMALL),
      x: x(column),
      y: 50 + at * row,
    })),
  );
  const captions = networks.flatMap((network, at) => [
    { text: title(network), x: 16, y: 24 + at * row, bold: true },
    ...looks(network).map(({ name }, column) => ({ text: name, x: x(column) + 40, y: 46 + at * row })),
  ]);
  const y = 50 + networks.length * row - 30;
  const note = { text: samplesNote(prior), x: 16, y };
  const description = "Test accuracy against the number of images that statistics come from";
  return sheet(x(columns) + 8, y + 14, panels, [...captions, note], description);
}
