import { axisX, axisY, gridY, line, text } from "@observablehq/plot";
import type { Comparison } from "../../experiments/comparison.ts";
import { draw, type Panel } from "../svg.ts";
import type { Theme } from "../theme.ts";
import { legend } from "./legend.ts";
import { stepTicks } from "./steps.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Figure 1a: test accuracy against the step, with and without batch normalization. */
export function accuracyChart(comparison: Comparison, floor: number, theme: Theme, size: Size): Panel {
  const { withBatchNorm, withoutBatchNorm } = comparison;
  const steps = Math.max(withBatchNorm.points.at(-1)?.step ?? 1, withoutBatchNorm.points.at(-1)?.step ?? 1);
  const rows = (points: Comparison["withBatchNorm"]["points"]) =>
    points.map(({ step, accuracy }) => ({
      step,
      accuracy: 100 * (accuracy.test ?? Number.NaN),
    }));
  const series = {
    x: "step",
    y: "accuracy",
    clip: true,
    strokeWidth: 1.8,
  } as const;
  return draw(
    {
      ...size,
      marginLeft: 44,
      marginRight: 14,
      marginTop: 28,
      marginBottom: 40,
      x: { domain: [0, steps] },
      y: { domain: [100 * floor, 100] },
      marks: [
        gridY({ stroke: theme.grid, strokeOpacity: 1 }),
        axisY({
          label: null,
          tickFormat: (value: number) => `${value}%`,
          tickSize: 0,
          ticks: 5,
          color: theme.muted,
        }),
        axisX({
          label: "Training steps",
          labelArrow: "none",
          labelAnchor: "center",
          tickSize: 0,
          ...stepTicks(),
          color: theme.muted,
        }),
        line(rows(withoutBatchNorm.points), {
          ...series,
          stroke: theme.withoutBatchNorm,
          strokeDasharray: "5 3",
        }),
        line(rows(withBatchNorm.points), {
          ...series,
          stroke: theme.withBatchNorm,
        }),
        text(["(a) test accuracy"], {
          frameAnchor: "top-left",
          textAnchor: "start",
          dx: -38,
          dy: -18,
          fill: theme.ink,
          fontWeight: 600,
        }),
        ...legend(theme, 18),
      ],
    },
    theme,
    "Test accuracy against training steps, with and without batch normalization",
  );
}
