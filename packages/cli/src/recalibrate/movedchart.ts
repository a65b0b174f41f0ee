import { axisX, axisY, dot, link, ruleX } from "@observablehq/plot";
import { named, quiet } from "../report/axes.ts";
import { draw, type Panel } from "../report/svg.ts";
import type { Theme } from "../report/theme.ts";
import type { MovedBatchNorm } from "./moved.ts";

const ROW = 18;
const WIDTH = 720;
const NAMES = 220;
const LONGEST_NAME = 32;

interface Row {
  readonly name: string;
  readonly least: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly most: number;
}

/**
 * How far each batch norm's channels moved: their median, the middle nine tenths, and the ends.
 *
 * @param still  the value of a channel that did not move
 */
export function movedChart(
  batchNorms: readonly MovedBatchNorm[],
  value: "shift" | "stretch",
  label: string,
  theme: Theme,
): Panel {
  const still = value === "shift" ? 0 : 1;
  const rows = batchNorms.map(({ name, channels }) =>
    spreadOf(
      name,
      channels.map((each) => each[value]),
    ),
  );
  const names = rows.map(({ name }) => name);
  const span = (from: "least" | "low", to: "most" | "high", strokeWidth: number, stroke: string) =>
    link(rows, { x1: from, x2: to, y1: "name", y2: "name", stroke, strokeWidth, strokeLinecap: "round" });
  return draw(
    {
      width: WIDTH,
      height: rows.length * ROW + 60,
      marginLeft: NAMES,
      marginRight: 20,
      marginTop: 8,
      marginBottom: 44,
      x: value === "shift" ? { nice: true } : { type: "log" },
      y: { domain: names, type: "point", label: null },
      marks: [
        ruleX([still], { stroke: theme.muted, strokeDasharray: "3 3" }),
        span("least", "most", 1, theme.withBatchNorm),
        span("low", "high", 5, theme.withBatchNorm),
        dot(rows, {
          x: "middle",
          y: "name",
          r: 4,
          fill: theme.background,
          stroke: theme.withBatchNorm,
          strokeWidth: 2,
        }),
        axisX({ ...named(label, theme), ticks: 6, tickFormat: String }),
        axisY({ ...quiet(theme), tickFormat: cut, color: theme.ink }),
      ],
    },
    theme,
    `${label} for each of ${rows.length} batch norms: median, middle nine tenths and ends of the channels`,
  );
}

function spreadOf(name: string, values: readonly number[]): Row {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return { name, least: at(0), low: at(0.05), middle: at(0.5), high: at(0.95), most: at(1) };
}

/** The end of a long name says most. */
function cut(name: string): string {
  return name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name;
}
