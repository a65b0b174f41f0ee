import { type Place, shifted } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer, LayerNormalization, OwnState } from "../module/layer.ts";
import { Operation } from "../module/operation.ts";
import { BatchNormOp, fusesRelu, type Statistics } from "../ops/normalization/batchnorm.ts";
import { type Exchange, mergeShares, sumShares } from "../ops/normalization/exchange.ts";
import { type Group, groupSizes, groupsOf } from "../ops/normalization/ghost.ts";
import { type Layout, layoutOf } from "../ops/normalization/layout.ts";
import { checkOptions } from "../options.ts";
import type { Epilogue } from "../plan/graph.ts";
import { numberOf } from "../plan/identity.ts";
import { Parameter, StateTensor } from "../plan/parameter.ts";
import { Resident } from "../plan/resident.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { ones, zeros } from "../tensor/tensor.ts";
import type { BatchNormOptions, KerasBatchNorm, StatisticsObserver } from "./batchnormoptions.ts";
import { Identity } from "./identity.ts";

const KNOWN = [
  ...(["eps", "momentum", "affine", "scale", "center", "trackRunningStats", "axis"] as const),
  ...(["runningVariance", "virtualBatchSize"] as const),
];
const OF_KERAS = ["gamma", "beta", "movingMean", "movingVariance", "epsilon", "momentum", "axis"] as const;

/**
 * Batch normalization over all axes but the channels'.
 *
 *   y = gamma · (x − mean) / √(variance + eps) + beta
 *
 * In training, mean and variance are the batch's and move the running statistics; in eval mode, and when frozen, they are
 * the running statistics. A channel whose batch statistics are not finite leaves its running statistics as they were.
 *
 * @param numFeatures  how many channels
 * @throws BatchNormError E_VALUE for an option that is unknown or outside its range; `forward` E_SHAPE when rank or channels do not fit,
 *         E_BATCH when the batch is empty or, in training, has one value a channel
 * @see    Ioffe & Szegedy 2015, Algorithms 1 and 2
 */
export class BatchNorm extends Operation {
  readonly numFeatures: number;
  readonly axis: number;
  readonly eps: number;
  readonly runningVariance: "unbiased" | "biased";
  /** gamma, [numFeatures]; starts as 1. */
  readonly weight: Parameter | null;
  /** beta, [numFeatures]; starts as 0. */
  readonly bias: Parameter | null;
  readonly runningMean: StateTensor | null;
  readonly runningVar: StateTensor | null;
  /** False: running statistics stay as they are, and eval mode still uses them. */
  trackRunningStats: boolean;
  /** Set while somebody else wants the batches' statistics. */
  observer: StatisticsObserver | null = null;
  /** Examples whose statistics are taken together; null for all of a batch. See Hoffer, Hubara & Soudry 2017. */
  readonly virtualBatchSize: number | null;
  /** Set where batches are shares of a larger one: statistics are then those of all shares. See `synchronize`. */
  exchange: Exchange | null = null;
  #frozen = false;
  #momentum: number | null;
  /** Batches that the layer has seen in training, and how many of them each channel has refused: they were not finite. */
  readonly #tracked = new Resident(new Float64Array(1));
  readonly #refused: Resident<Float64Array>;

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super();
    checkOptions("BatchNorm", options, KNOWN);
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
    checkMomentum(momentum);
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
    this.#momentum = momentum;
    this.#refused = new Resident(new Float64Array(numFeatures));
    this.trackRunningStats = trackRunningStats;
    this.runningVariance = runningVariance;
    const shape = [numFeatures];
    this.weight = scale ? new Parameter(ones(shape).data, shape) : null;
    this.bias = center ? new Parameter(zeros(shape).data, shape) : null;
    this.runningMean = trackRunningStats ? new StateTensor(zeros(shape).data, shape) : null;
    this.runningVar = trackRunningStats ? new StateTensor(ones(shape).data, shape) : null;
  }

  /**
   * A Keras BatchNormalization layer under this library's conventions: its momentum weights the old value, here the new;
   * its moving variance is biased, and stays so.
   *
   * @throws BatchNormError E_SHAPE when the arrays differ in length; E_VALUE for a variance or ε that cannot be, or an
   *         unknown field
   */
  static fromKeras(layer: KerasBatchNorm): BatchNorm {
    checkOptions("BatchNorm.fromKeras", layer, OF_KERAS);
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

  /** The weight of the new value in the running statistics; null for their cumulative average. */
  get momentum(): number | null {
    return this.#momentum;
  }

  /** @throws BatchNormError E_VALUE for a number outside [0, 1] */
  set momentum(value: number | null) {
    checkMomentum(value);
    this.#momentum = value;
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
    return this.runningMean ? this.#tracked.data[0] : null;
  }

  /** Replaces the running statistics; `variance` is in this layer's convention (see `runningVariance`). */
  setRunningStats(mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    const { runningMean, runningVar } = this;
    check(
      runningMean !== null && runningVar !== null,
      "E_STATE",
      "BatchNorm",
      () => "expected a layer that keeps running statistics",
    );
    check(mean.length === this.numFeatures && variance.length === this.numFeatures, "E_SHAPE", "BatchNorm", () => {
      return `expected ${this.numFeatures} means and variances, got ${mean.length} and ${variance.length}`;
    });
    const wrong = Array.from(variance).find((v) => !(v >= 0));
    check(wrong === undefined, "E_VALUE", "BatchNorm", () => `expected variances of at least 0, got ${wrong}`);
    runningMean.resident.write(mean);
    runningVar.resident.write(variance);
  }

  override ownState(): Record<string, OwnState> {
    const { runningMean, runningVar } = this;
    if (!runningMean || !runningVar) return {};
    const shape = [this.numFeatures];
    return {
      running_mean: { shape, resident: runningMean.resident },
      running_var: {
        shape,
        resident: runningVar.resident,
        reject: (v) => (v >= 0 ? null : "variances of at least 0"),
      },
      num_batches_tracked: {
        shape: [],
        resident: this.#tracked,
        fallback: 0,
        reject: (n) => (Number.isInteger(n) && n >= 0 ? null : "a whole number of batches, at least 0,"),
        replaced: () => this.#refused.write(new Float64Array(this.numFeatures)),
      },
      num_batches_refused: { shape, resident: this.#refused, internal: true },
    };
  }

  override signature(evaluate: boolean): string {
    const shares = this.exchange ? `x${numberOf(this.exchange)}` : "";
    const tracking = `${this.trackRunningStats ? "k" : ""}${this.observer ? "o" : ""}`;
    return super.signature(evaluate) + (this.#frozen ? "f" : "") + tracking + shares;
  }

  override normalization(): LayerNormalization | null {
    const { runningMean, runningVar, eps, axis } = this;
    if (!runningMean || !runningVar) return null;
    const statistics = { mean: runningMean.data, variance: runningVar.data, eps };
    return { ...statistics, gamma: this.weight?.data, beta: this.bias?.data, axis, rest: new Identity() };
  }

  /** A frozen copy, which does the same in train mode too; itself where there are no running statistics. */
  override forInference(): Layer {
    if (!this.runningMean) return this;
    const { numFeatures, axis, eps, momentum, runningVariance } = this;
    const options = { axis, eps, momentum, runningVariance, scale: this.weight !== null, center: this.bias !== null };
    const copy = new BatchNorm(numFeatures, options);
    copy.loadStateDict(this.stateDict());
    return copy.freeze();
  }

  override infer(shape: readonly number[]): readonly number[] {
    this.#layout(shape);
    check(
      sizeOf(shape) > 0,
      "E_BATCH",
      "BatchNorm",
      () => `expected at least one example, got shape ${formatShape(shape)}`,
    );
    return shape;
  }

  override fuses(epilogue: Epilogue, input: readonly number[]): boolean {
    return epilogue === "relu" && fusesRelu(this.#layout(input));
  }

  override bind(site: Site): void {
    const { x } = site;
    const y = site.output();
    const batch = !this.#frozen && (site.training(this) || !this.runningMean);
    const layout = this.#layout(x.shape);
    const groups = this.#groups(x.shape);
    const places = { gamma: site.parameter(this.weight), beta: site.parameter(this.bias) };
    const ops = groups.map(({ examples, offset }) => {
      const part = { ...layout, outer: (layout.outer / x.shape[0]) * examples };
      const whole = groups.length === 1 ? layout : part;
      const values = { x: shifted(x.at, offset), y: shifted(y.at, offset), ...places };
      return new BatchNormOp(site, whole, this.eps, values, site.epilogue === "relu");
    });
    if (batch) this.#checkBatch(ops[0].count);
    for (const op of ops) {
      if (batch) this.#forwardTrain(site, op);
      else if (this.runningMean && this.runningVar) {
        op.forwardWith(site.stateTensor(this.runningMean), site.stateTensor(this.runningVar));
      }
    }
    site.backward([x], (dy) => this.#backward(site, ops, groups, batch, dy));
  }

  #backward(site: Site, ops: readonly BatchNormOp[], groups: readonly Group[], batch: boolean, dy: Place): void {
    const dx = site.gradient();
    const parameters = { dgamma: site.gradientOf(this.weight), dbeta: site.gradientOf(this.bias) };
    const total = ops.length > 1 ? site.temporaryDoubles(2 * this.numFeatures) : null;
    for (const [i, op] of ops.entries()) {
      const { offset } = groups[i];
      const values = { dy: shifted(dy, offset), dx: dx && shifted(dx, offset) };
      const sums = total ? { total: { place: total, first: i === 0 } } : {};
      const gradients = { ...values, ...parameters, ...sums };
      const { exchange } = this;
      const merge = exchange ? (place: Place) => sumShares(site, exchange, place, 2 * this.numFeatures) : undefined;
      if (batch) op.backwardTrain(gradients, merge);
      else op.backwardWith(gradients);
    }
  }

  #layout(shape: readonly number[]): Layout {
    return layoutOf(shape, this.axis, this.numFeatures, "BatchNorm");
  }

  /** The groups of a batch whose statistics are taken together. */
  #groups(shape: readonly number[]): Group[] {
    if (!this.virtualBatchSize) return groupsOf([shape[0]], 0);
    const axis = this.axis < 0 ? shape.length + this.axis : this.axis;
    check(axis > 0, "E_SHAPE", "BatchNorm", () => {
      return `expected examples on axis 0 for virtualBatchSize, got channels there in shape ${formatShape(shape)}`;
    });
    return groupsOf(groupSizes(shape[0], this.virtualBatchSize), sizeOf(shape) / shape[0]);
  }

  #checkBatch(count: number): void {
    check(!this.exchange || !this.virtualBatchSize, "E_STATE", "BatchNorm", () => {
      return "expected statistics of all shares or of virtualBatchSize examples, got both; leave out synchronize for this layer";
    });
    // With an exchange, the number is known when the shares are brought together.
    if (!this.exchange) checkCount(count);
  }

  #forwardTrain(site: Site, op: BatchNormOp): void {
    const { exchange } = this;
    const merge = (statistics: Statistics) => {
      if (exchange) mergeShares(site, exchange, statistics, op.channels, op.count, checkCount);
    };
    op.forwardTrain(exchange ? merge : undefined);
    if (this.observer) this.#observe(site, op);
    else if (this.trackRunningStats) this.#track(site, op);
  }

  /** Adds the point where somebody else is told the batch's statistics. */
  #observe(site: Site, { statistics, channels }: BatchNormOp): void {
    const { mean, variance, count } = statistics;
    const spans = [mean, variance].map((place) => ({ place, type: "f64" as const, count: channels }));
    site.point({
      reads: [...spans, { place: count, type: "f64", count: 1 }],
      writes: [],
      act: (means, variances, [values]) => {
        this.observer?.(values, Float64Array.from(means), Float64Array.from(variances));
      },
    });
  }

  /** running = (1 − weight)·running + weight·new, in float64, rounded once. What float32 cannot hold is not finite. */
  #track(site: Site, { statistics, channels }: BatchNormOp): void {
    if (!this.runningMean || !this.runningVar) return;
    const { mean, variance, count } = statistics;
    site.command("trackStatistics", {
      mean,
      variance,
      count,
      momentum: site.number("f64", () => this.#momentum ?? Number.NaN),
      unbiased: Number(this.runningVariance === "unbiased"),
      channels,
      runningMean: site.stateTensor(this.runningMean),
      runningVar: site.stateTensor(this.runningVar),
      batches: site.counter(this.#tracked),
      refused: site.counter(this.#refused),
    });
  }
}

function checkMomentum(momentum: number | null): void {
  check(momentum === null || (momentum >= 0 && momentum <= 1), "E_VALUE", "BatchNorm", () => {
    return `expected momentum in [0, 1], the weight of the new value, or null, got ${momentum}`;
  });
}

function checkCount(count: number): void {
  check(count > 1, "E_BATCH", "BatchNorm", () => {
    const advice = "leave out a last batch of one, or use eval() or freeze()";
    return `expected more than one value a channel in training, got ${count}: it has no variance; ${advice}`;
  });
}
