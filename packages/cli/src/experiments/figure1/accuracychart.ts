import { axisX, axisY, gridY, line } from "@observablehq/plot";
import { grid, heading, IN_PERCENT, IN_STEPS, named, quiet } from "../../report/axes.ts";
import { legend } from "../../report/legend.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import type { Comparison } from "./comparison.ts";

const MARGIN_LEFT = 44;

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
      marginLeft: MARGIN_LEFT,
      marginRight: 14,
      marginTop: 28,
      marginBottom: 40,
      x: { domain: [0, steps] },
      y: { domain: [100 * floor, 100] },
      marks: [
        gridY(grid(theme)),
        axisY({ ...quiet(theme), ...IN_PERCENT, ticks: 5 }),
        axisX({ ...named("Training steps", theme), ...IN_STEPS }),
        line(rows(withoutBatchNorm.points), {
          ...series,
          stroke: theme.withoutBatchNorm,
          strokeDasharray: "5 3",
        }),
        line(rows(withBatchNorm.points), {
          ...series,
          stroke: theme.withBatchNorm,
        }),
        heading("(a) test accuracy", MARGIN_LEFT, { fill: theme.ink, fontWeight: 600 }),
        ...legend(theme, 18),
      ],
    },
    theme,
    "Test accuracy against training steps, with and without batch normalization",
  );
}
