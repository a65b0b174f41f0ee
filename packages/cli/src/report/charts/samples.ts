import { axisX, axisY, dot, gridY, line, ruleY } from "@observablehq/plot";
import type { Accuracies, Samples } from "../../experiments/estimates.ts";
import { integer } from "../../words.ts";
import { draw, type Panel } from "../svg.ts";
import type { Theme } from "../theme.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Test accuracies in percent, in tens, that have room for all of several charts. */
export function sharedRange(charts: readonly Accuracies[]): [number, number] {
  const shares = charts.flatMap(({ before, samples = [] }) => [
    before,
    ...samples.flatMap(({ layers, prior }) => [layers, prior]),
  ]);
  return [10 * Math.floor(10 * Math.min(...shares)), 10 * Math.ceil(10 * Math.max(...shares))];
}

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
        gridY({ stroke: theme.grid, strokeOpacity: 1, ticks: 5 }),
        axisY({
          label: null,
          ticks: 5,
          tickFormat: (value: number) => `${value}%`,
          tickSize: 0,
          color: theme.muted,
        }),
        axisX(ticks, { label: null, tickSize: 0, text: integer, color: theme.muted }),
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
