import { accuracies, type Best, best, stepsTo } from "../../networks/accuracies.ts";
import type { Curve } from "../../networks/sigmoids/settings.ts";

/** The same network trained twice, with and without batch normalization. */
export interface Comparison {
  readonly withBatchNorm: Curve;
  readonly withoutBatchNorm: Curve;
}

/** What a comparison comes to. */
export interface Verdict {
  readonly finalWith: number;
  readonly finalWithout: number;
  /** lowest and highest accuracy over the last fifth of the run: how much a single measurement says */
  readonly lateWith: readonly [number, number];
  readonly lateWithout: readonly [number, number];
  readonly bestWith: Best;
  readonly bestWithout: Best;
  /** steps after which the network with batch norm was as good as the other ever was; null when never */
  readonly stepsWith: number | null;
  /** steps after which the network without batch norm was as good as the other ever was; null when never */
  readonly stepsWithout: number | null;
  /** how many times fewer steps batch norm took to the other's best; null when it never got there */
  readonly ratio: number | null;
}

export function verdict({ withBatchNorm, withoutBatchNorm }: Comparison): Verdict {
  const bestWith = best(withBatchNorm);
  const bestWithout = best(withoutBatchNorm);
  const stepsWith = stepsTo(withBatchNorm, bestWithout.accuracy);
  return {
    finalWith: accuracies(withBatchNorm).at(-1)?.accuracy ?? 0,
    finalWithout: accuracies(withoutBatchNorm).at(-1)?.accuracy ?? 0,
    lateWith: lateRange(withBatchNorm),
    lateWithout: lateRange(withoutBatchNorm),
    bestWith,
    bestWithout,
    stepsWith,
    stepsWithout: stepsTo(withoutBatchNorm, bestWith.accuracy),
    ratio: stepsWith === null ? null : bestWithout.step / stepsWith,
  };
}

/** How the watched sigmoid's input moved over a run. */
export interface Movement {
  /** smallest and largest median over the run */
  readonly median: readonly [number, number];
  /** 85th minus 15th percentile at the first measurement and at the last */
  readonly spread: readonly [number, number];
}

/** Null when the run never measured finite percentiles. */
export function movement(curve: Curve): Movement | null {
  const measured = curve.points.flatMap((point) => (point.percentiles ? [point.percentiles] : []));
  const first = measured[0];
  const last = measured.at(-1);
  if (!first || !last) return null;
  const medians = measured.map(([, middle]) => middle);
  return {
    median: [Math.min(...medians), Math.max(...medians)],
    spread: [first[2] - first[0], last[2] - last[0]],
  };
}

function lateRange(curve: Curve): [number, number] {
  const all = accuracies(curve);
  const last = all.at(-1)?.step ?? 0;
  const late = all.filter(({ step }) => step >= 0.8 * last).map(({ accuracy }) => accuracy);
  return [Math.min(...late), Math.max(...late)];
}
