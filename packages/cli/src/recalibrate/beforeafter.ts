import { axisX, axisY, dot, link } from "@observablehq/plot";
import { named, quiet } from "../report/axes.ts";
import { draw, type Panel } from "../report/svg.ts";
import type { Theme } from "../report/theme.ts";

const SIZE = { width: 320, height: 260 };

/** A dot for each channel, its value before against its value after; on the line it is the same. */
export function beforeAfter(
  pairs: readonly (readonly [before: number, after: number])[],
  label: string,
  theme: Theme,
): Panel {
  const all = pairs.flat().filter(Number.isFinite);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const domain = least === most ? [least - 1, most + 1] : [least, most];
  return draw(
    {
      ...SIZE,
      marginLeft: 56,
      marginBottom: 40,
      marginTop: 24,
      x: { domain, nice: true },
      y: { domain, nice: true },
      marks: [
        link([domain], { x1: "0", y1: "0", x2: "1", y2: "1", stroke: theme.muted, strokeDasharray: "3 3" }),
        dot(pairs, { x: "0", y: "1", r: 2.5, fill: theme.withBatchNorm, fillOpacity: 0.6 }),
        axisX({ ...named(`${label}, before`, theme), ticks: 5 }),
        axisY({ ...quiet(theme), label: "after", labelArrow: "none", ticks: 5 }),
      ],
    },
    theme,
    `${label} of ${pairs.length} channels, before and after`,
  );
}
