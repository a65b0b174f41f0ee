/**
 * Batch normalization (Ioffe & Szegedy 2015): everything that is O(channels), in float64; the kernels do the rest.
 *
 *   forward    y  = gamma·(x − mean)·rstd + beta
 *   backward   dx = gamma·rstd·(dy − mean(dy) − x̂·mean(dy·x̂))    where mean and rstd came from this batch
 *              dx = gamma·rstd·dy                               where they were constants
 *
 * Kernels see the mean as float32 `center`; what rounding took off it goes into a per-channel constant.
 */
import type { Arena } from "../engine/arena.ts";
import type { Call, Engine } from "../engine/engine.ts";
import type { KernelName } from "../kernels/contract.ts";
import { type Exchange, exchangeMoments } from "./exchange.ts";
import { type Layout, perTask, simplify, tasksOf } from "./layout.ts";
import { MomentsOp, rowsPerTask } from "./moments.ts";

/** Addresses of what the op reads and writes; gradients may be 0 where nobody wants them. */
export interface BatchNormBuffers {
  x: number; // f32, the layout's values
  y: number; // f32, alike
  dy: number; // f32, alike; 0: no backward pass
  dx: number; // f32, alike; 0: not wanted
  gamma: number; // f32 [channels], or 0: all 1
  beta: number; // f32 [channels], or 0: all 0
  dgamma: number; // f32 [channels], or 0
  dbeta: number; // f32 [channels], or 0
}

export class BatchNormOp {
  readonly channels: number;
  /** Added to the variance; read at every forward pass. */
  eps: number;
  /** Values a channel of x. */
  readonly count: number;
  /** What the last forward pass normalized by. */
  readonly mean: Float64Array;
  readonly rstd: Float64Array;
  /** The batch's own statistics, after `forwardTrain`: mean and biased variance. */
  readonly variance: Float64Array;
  readonly #engine: Engine;
  readonly #buffers: BatchNormBuffers;
  readonly #moments: MomentsOp;
  readonly #affine: Call;
  readonly #gradSums: Call | null;
  readonly #gradInput: Call | null;
  readonly #gradAffine: Call | null;
  readonly #relu: boolean;
  /** Σdy and Σdy·x̂ of the last backward pass, [channels] each. */
  readonly #sums: Float64Array;
  /** Of the last `forwardTrain`: who has the other shares of the batch, whether this one is empty, and values in all. */
  #exchange: Exchange | null = null;
  #empty = false;
  #total: number;
  readonly #packed: Float64Array;
  /** Addresses of float32 coefficients, [channels] each. */
  readonly #center: number;
  readonly #scale: number;
  readonly #shift: number;
  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  readonly #zero: number;

  /** @param relu  the values pass a ReLU afterwards: only where `fusesRelu` */
  constructor(engine: Engine, arena: Arena, layout: Layout, eps: number, buffers: BatchNormBuffers, relu = false) {
    const simple = simplify(layout);
    const { outer, channels, inner } = simple;
    this.channels = channels;
    this.count = outer * inner;
    this.#total = this.count;
    this.eps = eps;
    this.#engine = engine;
    this.#relu = relu;
    this.#buffers = buffers;
    const moments = new MomentsOp(engine, arena, simple, buffers.x);
    this.#moments = moments;
    this.mean = moments.result.mean;
    this.variance = moments.result.m2;
    this.rstd = new Float64Array(channels);
    this.#sums = new Float64Array(2 * channels);
    this.#packed = new Float64Array(1 + 2 * channels);
    this.#center = arena.floats(channels);
    this.#scale = arena.floats(channels);
    this.#shift = arena.floats(channels);
    this.#a = arena.floats(channels);
    this.#b = arena.floats(channels);
    this.#c = arena.floats(channels);
    this.#zero = arena.floats(channels);

    const { x, y, dy, dx } = buffers;
    const [center, scale, shift] = [this.#center, this.#scale, this.#shift];
    const coefficients = { center, a: this.#a, b: this.#b, c: this.#c };
    // Backward over constant statistics: dx = dy·a.
    const constant = { center: this.#zero, scale: this.#a, shift: this.#zero };
    const sums = { center, sumDy: moments.scratch.mean, sumDyX: moments.scratch.m2 };
    const call = <K extends KernelName>(name: K, args: Parameters<typeof engine.call<K>>[2], tasks: number) =>
      engine.call(arena, name, args, tasks) as Call;
    if (inner === 1) {
      const shape = { rows: outer, channels, rowsPerTask: rowsPerTask(simple) };
      const parts = moments.partRows.length;
      const none = Number.NEGATIVE_INFINITY;
      const mask = relu ? { scale, shift } : { scale: 0, shift: 0 };
      const floor = relu ? 0 : none;
      this.#affine = call("affineRows", { x, y, ...shape, center, scale, shift, floor }, parts);
      this.#gradSums = dy ? call("gradSumsRows", { x, dy, ...shape, ...sums, ...mask }, parts) : null;
      this.#gradInput = dx ? call("gradInputRows", { x, dy, dx, ...shape, ...coefficients, ...mask }, parts) : null;
      this.#gradAffine = dx ? call("affineRows", { x: dy, y: dx, ...shape, ...constant, floor: none }, parts) : null;
    } else {
      const size = { outer, channels, inner };
      const channelsPerTask = perTask(channels, outer * inner, 1);
      const byPlane = { ...size, planesPerTask: perTask(outer * channels, inner, 1) };
      const planeTasks = tasksOf(outer * channels, byPlane.planesPerTask);
      this.#affine = call("affinePlanes", { x, y, ...byPlane, center, scale, shift }, planeTasks);
      this.#gradSums = dy
        ? call("gradSumsPlanes", { x, dy, ...size, channelsPerTask, ...sums }, tasksOf(channels, channelsPerTask))
        : null;
      this.#gradInput = dx ? call("gradInputPlanes", { x, dy, dx, ...byPlane, ...coefficients }, planeTasks) : null;
      this.#gradAffine = dx ? call("affinePlanes", { x: dy, y: dx, ...byPlane, ...constant }, planeTasks) : null;
    }
  }

  /** Values a channel that the last `forwardTrain` took its statistics from: with an exchange, those of all shares. */
  get total(): number {
    return this.#total;
  }

  /** Σdy·x̂ and Σdy of the last backward pass, without an exchange. */
  get gradients(): { gamma: Float64Array; beta: Float64Array } {
    return { gamma: this.#sums.subarray(this.channels), beta: this.#sums.subarray(0, this.channels) };
  }

  /**
   * Normalizes by the batch's own statistics (Algorithm 1); leaves them in `mean` and `variance`.
   *
   * @param exchange  x is a share of the batch; those who have the others call this too, and the backward pass after it
   * @param empty     the share has no examples: x holds something all the same, which counts for nothing
   */
  forwardTrain(exchange: Exchange | null = null, empty = false): void {
    this.#exchange = exchange;
    this.#empty = empty;
    const { result } = this.#moments;
    this.#moments.run();
    if (empty) result.count = 0;
    if (exchange) exchangeMoments(exchange, result, this.#packed);
    const { variance, rstd, channels, eps } = this;
    const { count } = result;
    this.#total = count;
    for (let c = 0; c < channels; c++) {
      const v = Math.max(variance[c] / count, 0);
      variance[c] = v;
      // Where the squares have left float32's range, y is NaN: 1/√∞ would make it beta in silence.
      rstd[c] = v < Number.POSITIVE_INFINITY ? reciprocalRoot(v + eps) : Number.NaN;
    }
    this.#normalize(this.mean);
  }

  /** Normalizes by given statistics (Algorithm 2). */
  forwardWith(mean: ArrayLike<number>, variance: ArrayLike<number>): void {
    this.#empty = false;
    for (let c = 0; c < this.channels; c++) {
      this.mean[c] = mean[c];
      this.rstd[c] = reciprocalRoot(variance[c] + this.eps);
    }
    this.#normalize(this.mean);
  }

  /** Stands in for a forward pass that was made elsewhere, before `backwardTrain` or `backwardWith`. */
  resume(mean: ArrayLike<number>, rstd: ArrayLike<number>): void {
    const { f32 } = this.#engine.memory;
    this.#exchange = null;
    this.#empty = false;
    this.#total = this.count;
    this.mean.set(mean);
    this.rstd.set(rstd);
    for (let c = 0; c < this.channels; c++) f32[(this.#center >> 2) + c] = mean[c];
  }

  /** Gradients where the last forward pass was `forwardTrain`: mean and variance depend on x. */
  backwardTrain(): void {
    this.#sumGradients();
    if (!this.#gradInput) return;
    this.#exchange?.sum(this.#sums).wait();
    const { f32 } = this.#engine.memory;
    const { mean, rstd, channels } = this;
    const total = this.#total;
    const gamma = this.#buffers.gamma >> 2;
    const center = this.#center >> 2;
    const a = this.#a >> 2;
    const b = this.#b >> 2;
    const k = this.#c >> 2;
    const sums = this.#sums;
    for (let c = 0; c < channels; c++) {
      const r = rstd[c];
      const scale = (gamma ? f32[gamma + c] : 1) * r;
      const slope = (-scale * r * sums[channels + c]) / total;
      f32[a + c] = scale;
      f32[b + c] = slope;
      f32[k + c] = -((scale * sums[c]) / total) - slope * (mean[c] - f32[center + c]);
    }
    this.#gradInput.run();
  }

  /** Gradients where the last forward pass was `forwardWith`: its statistics were constants. */
  backwardWith(): void {
    this.#sumGradients();
    if (!this.#gradAffine) return;
    const { f32 } = this.#engine.memory;
    const gamma = this.#buffers.gamma >> 2;
    const a = this.#a >> 2;
    for (let c = 0; c < this.channels; c++) f32[a + c] = (gamma ? f32[gamma + c] : 1) * this.rstd[c];
    if (this.#relu) {
      f32.fill(0, this.#b >> 2, (this.#b >> 2) + this.channels);
      f32.fill(0, this.#c >> 2, (this.#c >> 2) + this.channels);
      this.#gradInput?.run();
    } else this.#gradAffine.run();
  }

  #normalize(mean: Float64Array): void {
    const { f32 } = this.#engine.memory;
    const { rstd, channels } = this;
    const gamma = this.#buffers.gamma >> 2;
    const beta = this.#buffers.beta >> 2;
    const center = this.#center >> 2;
    const scale = this.#scale >> 2;
    const shift = this.#shift >> 2;
    for (let c = 0; c < channels; c++) {
      const s = (gamma ? f32[gamma + c] : 1) * rstd[c];
      const m = mean[c];
      const rounded = Math.fround(m);
      f32[center + c] = rounded;
      f32[scale + c] = s;
      f32[shift + c] = (beta ? f32[beta + c] : 0) - (m - rounded) * s;
    }
    this.#affine.run();
  }

  /** Σdy and Σdy·(x − mean)·rstd of x, which are dbeta and dgamma: of a share, its part of them. */
  #sumGradients(): void {
    const { f64, f32 } = this.#engine.memory;
    const { channels, mean, rstd } = this;
    const center = this.#center >> 2;
    const { scratch, partRows } = this.#moments;
    const part1 = scratch.mean >> 3;
    const part2 = scratch.m2 >> 3;
    this.#gradSums?.run();
    const { dgamma, dbeta } = this.#buffers;
    const parts = partRows.length * channels;
    const sums = this.#sums;
    for (let c = 0; c < channels; c++) {
      let sumDy = 0;
      let sumDyX = 0;
      for (let i = c; i < parts; i += channels) {
        sumDy += f64[part1 + i];
        sumDyX += f64[part2 + i];
      }
      sums[c] = sumDy;
      sums[channels + c] = (sumDyX - (mean[c] - f32[center + c]) * sumDy) * rstd[c];
    }
    if (this.#empty) sums.fill(0);
    const { gamma, beta } = this.gradients;
    if (dgamma) f32.set(gamma, dgamma >> 2);
    if (dbeta) f32.set(beta, dbeta >> 2);
  }
}

/** Whether the op can take a ReLU along: where channels lie side by side. */
export function fusesRelu(layout: Layout): boolean {
  return simplify(layout).inner === 1;
}

/** 1/√v; 0 where v is 0, so that a constant channel gives beta without an ε too. */
function reciprocalRoot(v: number): number {
  return v === 0 ? 0 : 1 / Math.sqrt(v);
}
