import { axisX, axisY, dot, gridY, line, text } from "@observablehq/plot";
import { grid, IN_PERCENT, named, quiet } from "../report/axes.ts";
import { draw, type Panel, type Size } from "../report/svg.ts";
import type { Theme } from "../report/theme.ts";
import type { EpochRow } from "./epoch.ts";

const MEASURES = {
  loss: { title: "Loss", train: (row: EpochRow) => row.trainLoss, test: (row: EpochRow) => row.testLoss },
  accuracy: {
    title: "Accuracy",
    train: (row: EpochRow) => 100 * row.trainAccuracy,
    test: (row: EpochRow) => 100 * row.testAccuracy,
  },
} as const;

/** Points of more epochs than this would run into each other. */
const MOST_DOTS = 60;

/** Loss or accuracy against the epoch, of training and on the test images. */
export function epochsChart(
  rows: readonly EpochRow[],
  measure: keyof typeof MEASURES,
  color: string,
  theme: Theme,
  size: Size,
): Panel {
  const { title, train, test } = MEASURES[measure];
  const values = rows.flatMap((row) => [train(row), test(row) ?? train(row)]);
  const domain = measure === "accuracy" ? [Math.max(0, Math.min(...values) - 2), 100] : [0, Math.max(...values)];
  const last = rows.length;
  const curve = (y: (row: EpochRow) => number | null, stroke: string, dash: string) => [
    line(rows, { x: "epoch", y, stroke, strokeWidth: 1.8, strokeDasharray: dash }),
    ...(rows.length <= MOST_DOTS ? [dot(rows, { x: "epoch", y, fill: stroke, r: 2 })] : []),
  ];
  const name = { frameAnchor: "top-right", textAnchor: "end", dy: -24, fontWeight: 600 } as const;
  return draw(
    {
      ...size,
      marginLeft: 48,
      marginRight: 14,
      marginTop: 34,
      marginBottom: 40,
      x: { domain: last > 1 ? [1, last] : [0, 2] },
      y: { domain, nice: measure === "loss" },
      marks: [
        gridY(grid(theme)),
        axisY({ ...quiet(theme), ...(measure === "accuracy" ? IN_PERCENT : { tickFormat: String }), ticks: 5 }),
        axisX({
          ...named("Epoch", theme),
          ticks: Math.min(last, 6),
          // An axis of a few epochs has no ticks between them.
          tickFormat: (value: number) => (Number.isInteger(value) ? String(value) : ""),
        }),
        ...curve(train, theme.muted, "5 3"),
        ...curve(test, color, "none"),
        text([title], {
          frameAnchor: "top-left",
          textAnchor: "start",
          dx: -40,
          dy: -24,
          fill: theme.ink,
          fontWeight: 600,
        }),
        text(["test"], { ...name, dx: -134, fill: color }),
        text(["training (dashed)"], { ...name, fill: theme.muted }),
      ],
    },
    theme,
    `${title} against epochs, in training and on the test images`,
  );
}
