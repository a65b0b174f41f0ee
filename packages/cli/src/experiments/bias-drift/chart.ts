import { axisX, axisY, gridY, line, text } from "@observablehq/plot";
import { grid, IN_STEPS, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import type { DriftCurve } from "./results.ts";
import type { DriftPoint } from "./spec.ts";

const NAMES = {
  biasNorm: "Norm of the bias, |b|",
  loss: "Training loss",
} as const;

export type Measure = keyof typeof NAMES;
export const MEASURES: readonly Measure[] = ["biasNorm", "loss"];

/** The norm of the bias, or the loss, against the step: statistics as constants and differentiated. */
export function driftChart(curves: readonly DriftCurve[], measure: Measure, theme: Theme, size: Size): Panel {
  const steps = Math.max(...curves.map((curve) => curve.points.at(-1)?.step ?? 1));
  const values = curves.flatMap((curve) => curve.points.map((point) => point[measure] ?? 0));
  const largest = Math.max(...values);
  const series = [
    {
      statistics: "constants",
      name: "statistics as constants (dashed)",
      color: theme.withoutBatchNorm,
      dash: "5 3",
    },
    {
      statistics: "differentiated",
      name: "statistics differentiated",
      color: theme.withBatchNorm,
      dash: "none",
    },
  ] as const;
  // The dashed line lies on top: where both agree, both are seen.
  const marks = series.toReversed().map(({ statistics, color, dash }) => {
    const points = curves.find((curve) => curve.statistics === statistics)?.points ?? [];
    return line(points as DriftPoint[], {
      x: "step",
      y: measure,
      stroke: color,
      strokeWidth: 1.8,
      strokeDasharray: dash,
    });
  });
  const legend = series.map(({ name, color }, index) =>
    text([name], {
      frameAnchor: "top-left",
      textAnchor: "start",
      dx: 6,
      dy: 8 + 18 * index,
      fill: color,
      fontWeight: 600,
    }),
  );
  return draw(
    {
      ...size,
      marginLeft: 48,
      marginRight: 14,
      marginTop: 26,
      marginBottom: 40,
      x: { domain: [0, steps] },
      y: { domain: [0, largest > 0 ? 1.25 * largest : 1], nice: true },
      marks: [
        gridY(grid(theme)),
        axisY({ ...quiet(theme), label: NAMES[measure], labelArrow: "none", ticks: 5 }),
        axisX({ ...named("Steps of gradient descent", theme), ...IN_STEPS }),
        ...marks,
        ...(measure === "biasNorm" ? legend : []),
      ],
    },
    theme,
    `${NAMES[measure]} against steps of gradient descent, with statistics as constants and differentiated`,
  );
}
