import { check } from "../errors.ts";
import { checkOptions } from "../options.ts";

/** A batch norm as it is found in some model, whatever its format. */
export interface BatchNormFacts {
  /** [channels]; null: all 1. */
  readonly gamma: ArrayLike<number> | null;
  /** [channels]; null: all 0. */
  readonly beta: ArrayLike<number> | null;
  /** [channels]; null where the model does not have it as a constant. */
  readonly mean: ArrayLike<number> | null;
  /** [channels]; null as the mean's. */
  readonly variance: ArrayLike<number> | null;
  readonly eps: number;
  /** Batches that have moved the statistics; null where the model does not say. */
  readonly batchesTracked: number | null;
  /** It normalizes by each batch's own statistics. */
  readonly training: boolean;
}

export type FindingCode =
  | "training-mode"
  | "not-finite"
  | "negative-variance"
  | "never-trained"
  | "no-batches"
  | "vanishing-variance"
  | "eps-dominates"
  | "exploding-scale"
  | "dead-channels";

export interface Finding {
  readonly code: FindingCode;
  /** "error": results are wrong or not reproducible; "warning": they may be; "note": worth knowing. */
  readonly severity: "error" | "warning" | "note";
  /** Whom it concerns; empty: the layer as a whole. */
  readonly channels: readonly number[];
  /** What was seen, in a sentence. */
  readonly reason: string;
  /** What to do about it. */
  readonly advice: string;
}

/** A channel this still has no share in what comes after: its γ relative to the layer's largest. */
const DEAD = 1e-6;
/** A variance below this times the layer's median: the channel was constant. */
const VANISHING = 1e-7;
/** γ/√(var + ε) beyond this makes noise of rounding errors. */
const EXPLODING = 1e3;

const TRAINING_MODE: Finding = {
  code: "training-mode",
  severity: "error",
  channels: [],
  reason: "it normalizes by the statistics of each batch, so an example's result depends on the others in its batch",
  advice: "export the model in eval mode (PyTorch: model.eval() first; Keras: training=False)",
};

/**
 * What is wrong, or may be, with a batch norm that came from elsewhere.
 *
 * @throws BatchNormError E_SHAPE when its arrays differ in length; E_VALUE for an eps that is no number of at least 0, or an
 *         unknown field
 */
export function diagnose(facts: BatchNormFacts): Finding[] {
  checkOptions("diagnose", facts, ["gamma", "beta", "mean", "variance", "eps", "batchesTracked", "training"]);
  const { mean, variance, eps } = facts;
  check(eps >= 0, "E_VALUE", "diagnose", () => `expected eps of at least 0, got ${eps}`);
  if (!mean || !variance) return facts.training ? [TRAINING_MODE] : [];
  const channels = variance.length;
  const gamma = facts.gamma ?? new Float32Array(channels).fill(1);
  const beta = facts.beta ?? new Float32Array(channels);
  const lengths = [gamma, beta, mean].map(({ length }) => length);
  check(new Set([channels, ...lengths]).size === 1, "E_SHAPE", "diagnose", () => {
    const got = `${lengths[0]}, ${lengths[1]}, ${lengths[2]} and ${channels}`;
    return `expected gamma, beta, mean and variance of one length, got ${got} values`;
  });
  const findings: Finding[] = [];
  const found = (
    code: FindingCode,
    severity: Finding["severity"],
    where: readonly number[],
    reason: string,
    advice: string,
  ) => findings.push({ code, severity, channels: where, reason, advice });
  const every = Array.from({ length: channels }, (_, c) => c);
  const some = (code: FindingCode, test: (c: number) => boolean) => {
    // Of a channel that has been found to be broken, nothing more is said.
    const errors = findings.filter(({ severity }) => severity === "error");
    const broken = new Set(errors.flatMap((finding) => finding.channels));
    const where = every.filter((c) => !broken.has(c) && test(c));
    return where.length ? { code, where, count: counted(where.length, channels) } : null;
  };

  if (facts.training) findings.push(TRAINING_MODE);
  const lost = some("not-finite", (c) => ![gamma[c], beta[c], mean[c], variance[c]].every(Number.isFinite));
  if (lost) {
    const reason = `γ, β, mean or variance is NaN or infinite in ${lost.count}`;
    found("not-finite", "error", lost.where, reason, "training has diverged: go back to an earlier checkpoint");
  }
  const negative = some("negative-variance", (c) => variance[c] < 0);
  if (negative) {
    const worst = negative.where.reduce((least, c) => Math.min(least, variance[c]), 0);
    const reason = `the variance is negative in ${negative.count}, ${format(worst)} at worst`;
    const advice =
      "re-estimate the statistics (recalibrate): a conversion or an average in low precision has lost them";
    found("negative-variance", "error", negative.where, reason, advice);
  }
  const untouched = channels > 0 && every.every((c) => mean[c] === 0 && variance[c] === 1);
  if (untouched) {
    const reason = "all means are 0 and all variances 1, as they are before training";
    found("never-trained", "error", [], reason, "load the trained weights, or estimate the statistics (recalibrate)");
  }
  if (facts.batchesTracked === 0 && !untouched) {
    const reason = "num_batches_tracked is 0 though the statistics have moved";
    found("no-batches", "warning", [], reason, "with momentum: null the next training step would overwrite them");
  }
  if (untouched) return findings;

  const typical = median(every.map((c) => variance[c]).filter((v) => v > 0));
  const constant = some("vanishing-variance", (c) => variance[c] <= VANISHING * typical || variance[c] === 0);
  if (constant) {
    const reason = `the variance is next to nothing in ${constant.count}: there the input was constant in training`;
    const advice = "any change of that input is blown up by up to γ/√ε: prune the channel, or look at what feeds it";
    found("vanishing-variance", "warning", constant.where, reason, advice);
  }
  const constants = new Set(constant?.where);
  const small = some("eps-dominates", (c) => variance[c] < eps && !constants.has(c));
  if (small) {
    const reason = `ε = ${format(eps)} is larger than the variance in ${small.count}`;
    const advice = `results depend on ε: make sure that every conversion keeps ${format(eps)}`;
    found("eps-dominates", "warning", small.where, reason, advice);
  }
  const scale = (c: number) => Math.abs(gamma[c]) / Math.sqrt(variance[c] + eps);
  const large = some("exploding-scale", (c) => scale(c) > EXPLODING);
  if (large) {
    const worst = largestOf(large.where.map(scale));
    const reason = `γ/√(var + ε) exceeds ${EXPLODING} in ${large.count}, ${format(worst)} at most`;
    const advice = "rounding errors before it are multiplied as much: avoid float16 here, and recalibrate on real data";
    found("exploding-scale", "warning", large.where, reason, advice);
  }
  const largest = largestOf(every.map((c) => Math.abs(gamma[c])).filter(Number.isFinite));
  const dead = some("dead-channels", (c) => Math.abs(gamma[c]) <= DEAD * largest);
  if (dead) {
    const reason = `γ is next to nothing in ${dead.count}: the output there is β whatever comes in`;
    found("dead-channels", "note", dead.where, reason, "the channel and what feeds it can be pruned");
  }
  return findings;
}

function counted(some: number, all: number): string {
  if (some === all) return all === 1 ? "its only channel" : `all ${all} channels`;
  return `${some} of ${all} channels`;
}

/** Of any number of values: as arguments of `Math.max` they would have to fit the stack. */
function largestOf(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), 0);
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function format(value: number): string {
  return String(Number(value.toPrecision(3)));
}
