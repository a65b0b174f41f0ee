import type { RecalibratedBatchNorm } from "batchnorm-onnx";
import { fixed } from "../words.ts";

/** How far the statistics of one channel moved. */
export interface MovedChannel {
  readonly channel: number;
  readonly mean: readonly [before: number, after: number];
  readonly variance: readonly [before: number, after: number];
  /** The mean's move, in standard deviations of before, ε included. */
  readonly shift: number;
  /** The standard deviation over that of before, ε included. */
  readonly stretch: number;
  /** Both in one number: how far a value one deviation from the mean moves at most, |shift| + |stretch − 1|. */
  readonly move: number;
}

export interface MovedBatchNorm {
  readonly name: string;
  /** Values a channel that the new statistics come from. */
  readonly count: number;
  readonly channels: readonly MovedChannel[];
}

/** What new statistics change, channel by channel. */
export function moved({ name, count, eps, before, after }: RecalibratedBatchNorm): MovedBatchNorm {
  const channels = Array.from(before.mean, (mean, channel) => {
    const variance = [before.variance[channel], after.variance[channel]] as const;
    const [deviation, now] = variance.map((v) => Math.sqrt(v + eps));
    const shift = (after.mean[channel] - mean) / deviation;
    const stretch = now / deviation;
    const move = Math.abs(shift) + Math.abs(stretch - 1);
    return { channel, mean: [mean, after.mean[channel]] as const, variance, shift, stretch, move };
  });
  return { name, count, channels };
}

/** "−0.10 (−2.31 … 0.42)": the median of some numbers, and the ends. */
export function middleAndEnds(values: readonly number[]): string {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((v) => fixed(v, 2));
  return `${middle} (${least} … ${most})`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
