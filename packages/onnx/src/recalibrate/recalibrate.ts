import { check, checkOptions, OnnxError } from "../errors.ts";
import type { KeptBatchNorm } from "../fold/fold.ts";
import type { OnnxModel } from "../model/file.ts";
import { loadRuntime } from "../verify/runtime.ts";
import type { InputBatches } from "./batches.ts";
import { batchwise } from "./batchwise.ts";
import { observe } from "./observe.ts";
import { withStatistics } from "./statistics.ts";
import { type Statistics, type Target, targetsOf } from "./targets.ts";
import { upTo } from "./upto.ts";

export interface RecalibrateModelOptions {
  /**
   * False (default): batch norms one after another, each seeing what the ones before it give with their new statistics, in
   * a pass over the batches each; those that do not meet share one. True: all in one pass, each seeing what the ones before
   * it give when they normalize by the batch, as in training.
   */
  readonly onePass?: boolean;
  /** Weight of the old statistics in the new ones, from 0 (default) to 1. */
  readonly prior?: number;
  /** Called after each batch. */
  readonly progress?: (done: RecalibrateProgress) => void;
}

export interface RecalibrateProgress {
  /** From 0 on. */
  readonly pass: number;
  readonly passes: number;
  /** Of this pass. */
  readonly batches: number;
}

/** What was done to one batch norm. */
export interface RecalibratedBatchNorm {
  /** The node's name, or where it has none that of its output. */
  readonly name: string;
  readonly eps: number;
  /** Values a channel that the new statistics come from. */
  readonly count: number;
  readonly before: Statistics;
  /** As they are stored: rounded to the model's type. */
  readonly after: Statistics;
}

export interface RecalibrateResult {
  readonly model: OnnxModel;
  readonly recalibrated: readonly RecalibratedBatchNorm[];
  /** Batch norms that keep their statistics, and why. */
  readonly kept: readonly KeptBatchNorm[];
}

/**
 * Estimates the running statistics of a model's batch norms anew from data without labels. onnxruntime runs the model up
 * to each batch norm; mean and unbiased variance of all values that go into it take the place of the old ones. Nothing
 * else of the model changes, and the model given stays as it is.
 *
 * @param batches  called for each pass; gives values for all of the model's inputs
 * @throws         OnnxError E_VALUE for a `prior` out of range, a model without a batch norm to recalibrate, batches that
 *                 do not fit its inputs, or statistics that are not finite; E_RUN when onnxruntime-node is not there or
 *                 does not run the model
 * @see            Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm" (PreciseBN); Li et al. 2016 (AdaBN)
 */
export async function recalibrateBatchNorms(
  model: OnnxModel,
  batches: InputBatches,
  options: RecalibrateModelOptions = {},
): Promise<RecalibrateResult> {
  checkOptions(options, ["onePass", "prior", "progress"]);
  const { onePass = false, prior = 0, progress = () => {} } = options;
  check(prior >= 0 && prior <= 1, "E_VALUE", () => `expected a prior from 0 to 1, got ${prior}`);
  const { targets, kept } = targetsOf(model);
  check(targets.length > 0, "E_VALUE", () => {
    const why = kept.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
    return `expected a model with a batch norm that keeps statistics, found ${why || "no BatchNormalization node"}`;
  });
  const runtime = await loadRuntime();
  const groups = onePass ? [targets] : byLevel(targets);
  const fresh = new Map<Target, Statistics>();
  const counts = new Map<Target, number>();
  for (const [pass, group] of groups.entries()) {
    const source = onePass ? batchwise(model, targets) : withStatistics(model, fresh);
    const channels = new Map(group.map(({ input, statistics }) => [input, statistics.mean.length]));
    let done = 0;
    const count = () => progress({ pass, passes: groups.length, batches: ++done });
    const observed = await observe(runtime, upTo(source, [...channels.keys()]), channels, batches, count);
    for (const target of group) {
      const moments = observed.get(target.input);
      if (!moments) continue;
      counts.set(target, moments.count);
      fresh.set(target, mix(target, { mean: moments.mean, variance: moments.unbiased }, prior));
    }
  }
  const result = withStatistics(model, fresh);
  const stored = targetsOf(result).targets;
  const recalibrated = targets.map((target, i) => {
    const { name, eps, statistics: before } = target;
    return { name, eps, count: counts.get(target) ?? 0, before, after: stored[i].statistics };
  });
  return { model: result, recalibrated, kept };
}

function byLevel(targets: readonly Target[]): Target[][] {
  const levels = Array.from({ length: Math.max(...targets.map(({ level }) => level)) }, (_, i) => i + 1);
  return levels.map((level) => targets.filter((target) => target.level === level));
}

function mix({ name, statistics: old }: Target, fresh: Statistics, prior: number): Statistics {
  const mixed = (before: Float64Array, now: Float64Array) =>
    before.map((v, c) => (prior === 1 ? v : prior * v + (1 - prior) * now[c]));
  const mean = mixed(old.mean, fresh.mean);
  const variance = mixed(old.variance, fresh.variance);
  const wrong = mean.findIndex((v, c) => !Number.isFinite(v) || !Number.isFinite(variance[c]));
  if (wrong >= 0) {
    const got = `mean ${mean[wrong]} and variance ${variance[wrong]} in channel ${wrong}`;
    throw new OnnxError("E_VALUE", `expected data that give "${name}" statistics that are finite, got ${got}`);
  }
  return { mean, variance };
}
