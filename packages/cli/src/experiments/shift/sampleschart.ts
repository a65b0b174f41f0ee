import { axisX, axisY, dot, gridY, line, ruleY } from "@observablehq/plot";
import { grid, IN_PERCENT, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { integer } from "../../words.ts";
import type { Accuracies, Samples } from "./estimates.ts";

/**
 * Accuracy against the number of images that statistics come from, with and without those of training; before as a line.
 *
 * @param range  of the accuracies, in percent
 */
export function samplesChart(
  { before, samples = [] }: Accuracies,
  range: readonly [number, number],
  theme: Theme,
  size: Size,
): Panel {
  const counts = samples.map(({ images }) => images);
  const [least, all] = [Math.min(...counts), Math.max(...counts)];
  // Every power of 8; the number of all images is the last tick, and needs room.
  const ticks = [...counts.filter((images, index) => index % 3 === 0 && 3 * images < all), all];
  const series = [
    { share: (point: Samples) => 100 * point.prior, color: theme.green, symbol: "square" },
    { share: (point: Samples) => 100 * point.layers, color: theme.withBatchNorm, symbol: "circle" },
  ] as const;
  return draw(
    {
      ...size,
      marginLeft: 42,
      marginRight: 18,
      marginTop: 10,
      marginBottom: 24,
      x: { type: "log", base: 2, domain: [least, all] },
      y: { domain: range },
      marks: [
        gridY({ ...grid(theme), ticks: 5 }),
        axisY({ ...quiet(theme), ...IN_PERCENT, ticks: 5 }),
        axisX(ticks, { ...quiet(theme), text: integer }),
        ruleY([100 * before], { stroke: theme.ink, strokeDasharray: "4 3" }),
        ...series.flatMap(({ share, color, symbol }) => [
          line(samples, { x: "images", y: share, stroke: color, strokeWidth: 1.8 }),
          dot(samples, { x: "images", y: share, fill: color, r: 3, symbol }),
        ]),
      ],
    },
    theme,
    "Test accuracy against the number of images that statistics come from",
  );
}
