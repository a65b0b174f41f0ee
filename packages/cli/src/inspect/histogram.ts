import { axisX, binX, rectY, ruleX, ruleY } from "@observablehq/plot";
import { named } from "../report/axes.ts";
import { draw, type Panel } from "../report/svg.ts";
import type { Theme } from "../report/theme.ts";

const SIZE = { width: 250, height: 110 };
const MOST_BINS = 24;

/**
 * How many channels have which values.
 *
 * @param values  finite
 * @param marks   values to point out with a line
 */
export function histogram(values: readonly number[], label: string, marks: readonly number[], theme: Theme): Panel {
  return draw(
    {
      ...SIZE,
      marginTop: 6,
      marginBottom: 34,
      marginLeft: 12,
      marginRight: 12,
      y: { axis: null },
      marks: [
        rectY(values, {
          ...binX(
            { y: "count" },
            { x: (v: number) => v, thresholds: Math.min(MOST_BINS, Math.ceil(2 * Math.sqrt(values.length))) },
          ),
          fill: theme.withBatchNorm,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        ruleX(marks, { stroke: theme.withoutBatchNorm, strokeWidth: 1.5 }),
        ruleY([0], { stroke: theme.muted }),
        axisX({ ...named(label, theme), ticks: 4 }),
      ],
    },
    theme,
    `Histogram of ${label} over ${values.length} channels`,
  );
}
