import { axisX, axisY, dot, gridY, line, ruleY, text } from "@observablehq/plot";
import { grid, heading, IN_PERCENT, named, quiet } from "../../report/axes.ts";
import { legend } from "../../report/legend.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { bestByDepth, type DepthResults, STOPPED } from "./results.ts";

const MARGIN_LEFT = 44;
const TICKS = [0, 20, 40, 60, 80, 100];

/** Test accuracy at the best learning rate against the number of hidden layers, for one σ. */
export function depthChart(results: DepthResults, sigma: number, theme: Theme, size: Size): Panel {
  const { depths } = results;
  const networks = [
    { batchNorm: false, color: theme.withoutBatchNorm, dash: "5 3", symbol: "square" },
    { batchNorm: true, color: theme.withBatchNorm, dash: "none", symbol: "circle" },
  ] as const;
  const marks = networks.flatMap(({ batchNorm, color, dash, symbol }) => {
    const best = bestByDepth(results, { batchNorm, sigma });
    const rows = best.map((trial) => ({ depth: trial.depth, percent: 100 * trial.testAccuracy }));
    const place = { x: "depth", y: "percent" } as const;
    return [
      line(rows, { ...place, stroke: color, strokeWidth: 1.8, strokeDasharray: dash }),
      dot(rows, { ...place, fill: color, r: 3.5, symbol }),
    ];
  });
  return draw(
    {
      ...size,
      marginLeft: MARGIN_LEFT,
      marginRight: 12,
      marginTop: 28,
      marginBottom: 42,
      x: { domain: [Math.min(...depths) - 0.3, Math.max(...depths) + 0.3] },
      y: { domain: [0, 100] },
      marks: [
        gridY(TICKS, grid(theme)),
        ruleY([100 * STOPPED], { stroke: theme.muted, strokeDasharray: "2 3" }),
        text(["has not trained below this line"], {
          frameAnchor: "left",
          textAnchor: "start",
          y: 100 * STOPPED,
          dx: 4,
          dy: 10,
          fill: theme.muted,
          fontSize: 11,
        }),
        axisY(TICKS, { ...quiet(theme), ...IN_PERCENT }),
        axisX(depths, { ...named("Hidden layers", theme), tickFormat: String }),
        ...marks,
        heading("Test accuracy", MARGIN_LEFT, { fill: theme.muted }),
        ...legend(theme, 18),
      ],
    },
    theme,
    `Test accuracy against the number of hidden layers at σ ${sigma}, with and without batch normalization`,
  );
}
