import { axisX, axisY, dot, gridX, link, ruleX, text } from "@observablehq/plot";
import { grid, IN_PERCENT, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { fell, type ShiftedAccuracies, type ShiftNetwork } from "./results.ts";
import type { ShiftName } from "./spec.ts";
import { amountText } from "./texts.ts";

const TICKS = [0, 20, 40, 60, 80, 100];
/** Free rows between two kinds of shift. */
const GAP = 0.8;

interface Row extends ShiftedAccuracies {
  /** from the top */
  readonly place: number;
}

/** Accuracy before and after new statistics, for every shift; unshifted images as a line. */
export function shiftChart({ clean, shifts }: ShiftNetwork, theme: Theme, size: Size): Panel {
  const names = [...new Set(shifts.map(({ shift }) => shift.name))];
  const rows = shifts.map((each, index): Row => ({ ...each, place: index + GAP * names.indexOf(each.shift.name) }));
  const middle = (name: ShiftName) => {
    const places = rows.filter(({ shift }) => shift.name === name).map(({ place }) => place);
    return (places[0] + places[places.length - 1]) / 2;
  };
  const before = (row: Row) => 100 * row.before;
  const after = (row: Row) => 100 * row.layers;
  const color = (row: Row) => (fell(row) ? theme.pink : theme.withBatchNorm);
  const end = (side: "left" | "right") => (row: Row) =>
    side === "left" ? Math.min(before(row), after(row)) : Math.max(before(row), after(row));
  const number = (side: "left" | "right") =>
    text(rows, {
      x: end(side),
      y: "place",
      text: (row: Row) => end(side)(row).toFixed(0),
      textAnchor: side === "left" ? "end" : "start",
      dx: side === "left" ? -8 : 8,
      fontSize: 11,
      fill: (row: Row) => ((side === "left") === fell(row) ? color(row) : theme.muted),
      stroke: theme.background,
      strokeWidth: 4,
    });
  return draw(
    {
      ...size,
      marginLeft: 132,
      marginRight: 30,
      marginTop: 24,
      marginBottom: 42,
      x: { domain: [0, 100] },
      y: { domain: [rows[rows.length - 1].place + 0.6, -0.6] },
      marks: [
        gridX(TICKS, grid(theme)),
        ruleX([100 * clean.before], { stroke: theme.muted, strokeDasharray: "3 3" }),
        text([`unshifted ${(100 * clean.before).toFixed(0)}%`], {
          x: 100 * clean.before,
          frameAnchor: "top",
          textAnchor: "end",
          dx: 24,
          dy: -14,
          fill: theme.muted,
        }),
        axisX(TICKS, { ...named("Test accuracy", theme), ...IN_PERCENT }),
        axisY(
          rows.map(({ place }) => place),
          { ...quiet(theme), tickFormat: (_, index) => amountText(rows[index].shift) },
        ),
        text(names, {
          y: middle,
          frameAnchor: "left",
          textAnchor: "start",
          dx: -128,
          text: String,
          fontWeight: 600,
          fill: theme.ink,
        }),
        link(rows, { x1: before, x2: after, y1: "place", y2: "place", stroke: color, strokeWidth: 2 }),
        dot(rows, { x: before, y: "place", r: 4, fill: theme.background, stroke: color, strokeWidth: 2 }),
        dot(rows, { x: after, y: "place", r: 5, fill: color }),
        number("left"),
        number("right"),
      ],
    },
    theme,
    "Test accuracy before and after new statistics, for every shift of the images",
  );
}
