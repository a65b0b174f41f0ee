import { Lines } from "../charts/lines.ts";
import { lastStep, reachOf } from "../charts/scales.ts";
import { CONTESTANTS, type ContestantName } from "../state/contestants.ts";
import { fixed } from "../words.ts";
import { type Figure, figure, key } from "./legend.ts";
import type { Panel, View } from "./panel.ts";

/** The 15th, 50th and 85th percentile of one unit's input against steps: Figures 1b and 1c of the paper. */
export function bandsPanel(host: HTMLElement): Panel {
  const charts = CONTESTANTS.map((name) => ({ name, ...bandChart(name) }));
  host.append(...charts.map(({ parts }) => parts.element));
  return {
    draw({ contestants }: View) {
      const points = CONTESTANTS.map((name) => contestants?.[name].points ?? []);
      const end = lastStep(Math.max(0, ...points.map((list) => list[list.length - 1]?.step ?? 0)));
      const reach = reachOf(points.flatMap((list) => list.flatMap(({ percentiles: [low, , high] }) => [low, high])));
      for (const [i, { lines, parts }] of charts.entries()) {
        const columns = [0, 1, 2].map((which) => points[i].map(({ percentiles }) => percentiles[which]));
        lines.draw([points[i].map(({ step }) => step), ...columns], [0, end], [-reach, reach]);
        parts.describe(inWords(points[i][points[i].length - 1]?.percentiles));
      }
    },
  };
}

function bandChart(name: ContestantName): { parts: Figure; lines: Lines } {
  const parts = figure("middle", key(name));
  const lines = new Lines(parts.plot, {
    lines: [
      { colour: name, width: 0 },
      { colour: name, width: 2 },
      { colour: name, width: 0 },
    ],
    band: { lines: [2, 0], colour: `${name}-band` },
    ticks: ([low, high]) => [low, 0, high],
    format: (value) => fixed(value, 0),
  });
  return { parts, lines };
}

function inWords(percentiles: readonly number[] | undefined): string {
  if (!percentiles) return "Nothing measured yet";
  const [low, middle, high] = percentiles.map((value) => fixed(value, 2));
  return `Input of one unit: 15th percentile ${low}, median ${middle}, 85th percentile ${high}`;
}
