import { check } from "../errors.ts";
import { type BatchNormOp, fusesRelu } from "../ops/batchnorm.ts";
import type { Exchange } from "../ops/exchange.ts";
import { addGhostGradients, ghostOps, groupSizes } from "../ops/ghost.ts";
import { layoutOf } from "../ops/layout.ts";
import { formatShape } from "../tensor/shape.ts";
import { ones, type Tensor, zeros } from "../tensor/tensor.ts";
import type { BatchNormOptions, KerasBatchNorm, StatisticsObserver } from "./batchnormoptions.ts";
import { Layer } from "./layer.ts";
import { Parameter } from "./parameter.ts";
import type { Plan, Value } from "./plan.ts";
import type { StateSlot } from "./state.ts";

/**
 * Batch normalization over all axes but the channels'.
 *
 *   y = gamma · (x − mean) / √(variance + eps) + beta
 *
 * In training, mean and variance are the batch's and move the running statistics; in eval mode, and when frozen, they are
 * the running statistics. A channel whose batch statistics are not finite leaves its running statistics as they were.
 *
 * @param numFeatures  how many channels
 * @throws BatchNormError E_VALUE for an option outside its range; `forward` E_SHAPE when rank or channels do not fit,
 *         E_BATCH when the batch is empty or, in training, has one value a channel
 * @see    Ioffe & Szegedy 2015, Algorithms 1 and 2
 */
export class BatchNorm extends Layer {
  readonly numFeatures: number;
  readonly axis: number;
  readonly eps: number;
  readonly runningVariance: "unbiased" | "biased";
  /** gamma, [numFeatures]; starts as 1. */
  readonly weight: Parameter | null;
  /** beta, [numFeatures]; starts as 0. */
  readonly bias: Parameter | null;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  momentum: number | null;
  /** False: running statistics stay as they are, and eval mode still uses them. */
  trackRunningStats: boolean;
  /** Set while somebody else wants the batches' statistics. */
  observer: StatisticsObserver | null = null;
  /** Examples whose statistics are taken together; null for all of a batch. See Hoffer, Hubara & Soudry 2017. */
  readonly virtualBatchSize: number | null;
  /** Set where batches are shares of a larger one: statistics are then those of all shares. See `synchronize`. */
  exchange: Exchange | null = null;
  #frozen = false;
  readonly #tracked = new Float64Array(1);

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, axis = -1, runningVariance = "unbiased" } = options;
    const { scale = affine, center = affine, trackRunningStats = true } = options;
    check(Number.isInteger(numFeatures) && numFeatures > 0, "E_VALUE", "BatchNorm", () => {
      return `expected a positive number of channels, got ${numFeatures}`;
    });
    check(
      eps >= 0 && eps < Number.POSITIVE_INFINITY,
      "E_VALUE",
      "BatchNorm",
      () => `expected eps of at least 0, got ${eps}`,
    );
    check(momentum === null || (momentum >= 0 && momentum <= 1), "E_VALUE", "BatchNorm", () => {
      return `expected momentum in [0, 1], the weight of the new value, or null, got ${momentum}`;
    });
    check(Number.isInteger(axis), "E_VALUE", "BatchNorm", () => `expected an integer axis, got ${axis}`);
    check(runningVariance === "unbiased" || runningVariance === "biased", "E_VALUE", "BatchNorm", () => {
      return `expected runningVariance "unbiased" or "biased", got ${JSON.stringify(runningVariance)}`;
    });
    const { virtualBatchSize: size } = options;
    check(size === undefined || (Number.isInteger(size) && size > 0), "E_VALUE", "BatchNorm", () => {
      return `expected a positive number of examples as virtualBatchSize, got ${size}`;
    });
    this.virtualBatchSize = size ?? null;
    this.numFeatures = numFeatures;
    this.axis = axis;
    this.eps = eps;
    this.momentum = momentum;
    this.trackRunningStats = trackRunningStats;
    this.runningVariance = runningVariance;
    const shape = [numFeatures];
    this.weight = scale ? new Parameter(ones(shape).data, shape) : null;
    this.bias = center ? new Parameter(zeros(shape).data, shape) : null;
    this.runningMean = trackRunningStats ? zeros(shape) : null;
    this.runningVar = trackRunningStats ? ones(shape) : null;
  }

  /**
   * A Keras BatchNormalization layer under this library's conventions: its momentum weights the old value, here the new;
   * its moving variance is biased, and stays so.
   *
   * @throws BatchNormError E_SHAPE when the arrays differ in length; E_VALUE for a variance or ε that cannot be
   */
  static fromKeras(layer: KerasBatchNorm): BatchNorm {
    const { gamma, beta, movingMean, movingVariance, epsilon, momentum = 0.99, axis = -1 } = layer;
    check(typeof epsilon === "number", "E_VALUE", "BatchNorm.fromKeras", () => {
      return `expected the layer's epsilon (Keras' default is 0.001), got ${epsilon}`;
    });
    const shape = [movingMean.length];
    const options = { eps: epsilon, momentum: 1 - momentum, axis, scale: !!gamma, center: !!beta };
    const result = new BatchNorm(movingMean.length, { ...options, runningVariance: "biased" });
    result.loadStateDict({
      ...(gamma ? { weight: { shape, data: gamma } } : {}),
      ...(beta ? { bias: { shape, data: beta } } : {}),
      running_mean: { shape, data: movingMean },
      running_var: { shape, data: movingVariance },
    });
    return result;
  }

  /** Uses the running statistics and keeps them, in training too, until `unfreeze`. gamma and beta may still train. */
  freeze(): this {
    check(this.runningMean !== null, "E_STATE", "BatchNorm.freeze", () => {
      return "expected running statistics to freeze; this layer was made with trackRunningStats: false";
    });
    this.#frozen = true;
    return this;
  }

  unfreeze(): this {
    this.#frozen = false;
    return this;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Batches that have moved the running statistics; null when they are not kept. */
  get numBatchesTracked(): number | null {
    return this.runningMean ? this.#tracked[0] : null;
  }

  /** Replaces the running statistics; `variance` is in this layer's convention (see `runningVariance`). */
  setRunningStats(mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    const { running_mean, running_var } = this.ownState();
    check(running_mean !== undefined, "E_STATE", "BatchNorm", () => "expected a layer that keeps running statistics");
    check(mean.length === this.numFeatures && variance.length === this.numFeatures, "E_SHAPE", "BatchNorm", () => {
      return `expected ${this.numFeatures} means and variances, got ${mean.length} and ${variance.length}`;
    });
    const wrong = Array.from(variance).find((v) => running_var.reject?.(v));
    check(wrong === undefined, "E_VALUE", "BatchNorm", () => `expected variances of at least 0, got ${wrong}`);
    running_mean.data.set(mean);
    running_var.data.set(variance);
  }

  protected override ownParameters(): Record<string, Parameter | null> {
    return { weight: this.weight, bias: this.bias };
  }

  protected override ownState(): Record<string, StateSlot> {
    if (!this.runningMean || !this.runningVar) return {};
    const notVariance = (v: number) => (v >= 0 ? null : "variances of at least 0");
    return {
      running_mean: { shape: this.runningMean.shape, data: this.runningMean.data },
      running_var: { shape: this.runningVar.shape, data: this.runningVar.data, reject: notVariance },
      num_batches_tracked: { shape: [], data: this.#tracked, fallback: 0 },
    };
  }

  protected override bind(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, false);
  }

  protected override takesRelu(_plan: Plan, x: Value): boolean {
    return fusesRelu(layoutOf(x.shape, this.axis, this.numFeatures, "BatchNorm"));
  }

  protected override bindWithRelu(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, true);
  }

  #bind(plan: Plan, x: Value, relu: boolean): Value {
    const layout = layoutOf(x.shape, this.axis, this.numFeatures, "BatchNorm");
    check(x.size > 0, "E_BATCH", "BatchNorm", () => `expected at least one example, got shape ${formatShape(x.shape)}`);
    const y = plan.value(x.shape);
    const gamma = plan.slot(this.weight);
    const beta = plan.slot(this.bias);
    const buffers = { x: x.at, y: y.at, dy: y.grad, dx: x.grad };
    const affine = { gamma: gamma.value, beta: beta.value, dgamma: gamma.grad, dbeta: beta.grad };
    const all = { ...buffers, ...affine };
    const ops = ghostOps(plan.engine, plan.arena, layout, this.eps, all, relu, this.#groups(x.shape));
    let usedBatch = false;
    plan.require(() => {
      usedBatch = !this.#frozen && (this.training || !this.runningMean);
      if (usedBatch) this.#checkBatch(ops);
    });
    plan.add(
      () => {
        for (const op of ops) {
          if (usedBatch) this.#forwardTrain(op, plan.share.empty);
          else if (this.runningMean && this.runningVar) op.forwardWith(this.runningMean.data, this.runningVar.data);
        }
      },
      () => {
        for (const op of ops) {
          if (usedBatch) op.backwardTrain();
          else op.backwardWith();
        }
        addGhostGradients(plan.engine, ops, all);
      },
    );
    return y;
  }

  /** How many examples each group of a batch has. */
  #groups(shape: readonly number[]): number[] {
    if (!this.virtualBatchSize) return [shape[0]];
    const axis = this.axis < 0 ? shape.length + this.axis : this.axis;
    check(axis > 0, "E_SHAPE", "BatchNorm", () => {
      return `expected examples on axis 0 for virtualBatchSize, got channels there in shape ${formatShape(shape)}`;
    });
    return groupSizes(shape[0], this.virtualBatchSize);
  }

  #checkBatch(ops: readonly BatchNormOp[]): void {
    check(!this.exchange || !this.virtualBatchSize, "E_STATE", "BatchNorm", () => {
      return "expected statistics of all shares or of virtualBatchSize examples, got both; leave out synchronize for this layer";
    });
    // With an exchange, the number is known when the shares are brought together.
    if (!this.exchange) checkCount(ops[0].count);
  }

  #forwardTrain(op: BatchNormOp, empty: boolean): void {
    op.forwardTrain(this.exchange, empty);
    checkCount(op.total);
    if (this.observer) this.observer(op.total, op.mean, op.variance);
    else if (this.trackRunningStats) this.#track(op.total, op.mean, op.variance);
  }

  /** running = (1 − weight)·running + weight·new, in float64, rounded once. What float32 cannot hold is not finite. */
  #track(count: number, mean: Float64Array, variance: Float64Array): void {
    if (!this.runningMean || !this.runningVar) return;
    this.#tracked[0]++;
    const weight = this.momentum ?? 1 / this.#tracked[0];
    const correction = this.runningVariance === "unbiased" ? count / (count - 1) : 1;
    const means = this.runningMean.data;
    const variances = this.runningVar.data;
    for (let c = 0; c < mean.length; c++) {
      const newMean = Math.fround((1 - weight) * means[c] + weight * mean[c]);
      const newVariance = Math.fround((1 - weight) * variances[c] + weight * variance[c] * correction);
      if (!Number.isFinite(newMean) || !Number.isFinite(newVariance)) continue;
      means[c] = newMean;
      variances[c] = newVariance;
    }
  }
}

function checkCount(count: number): void {
  check(count > 1, "E_BATCH", "BatchNorm", () => {
    const advice = "leave out a last batch of one, or use eval() or freeze()";
    return `expected more than one value a channel in training, got ${count}: it has no variance; ${advice}`;
  });
}
