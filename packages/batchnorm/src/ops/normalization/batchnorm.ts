/**
 * Batch normalization (Ioffe & Szegedy 2015), as commands.
 *
 *   forward    y  = gamma·(x − mean)·rstd + beta
 *   backward   dx = gamma·rstd·(dy − mean(dy) − x̂·mean(dy·x̂))    where mean and rstd came from this batch
 *              dx = gamma·rstd·dy                               where they were constants
 *
 * What is done a channel is in float64. The kernels that go through all values see the mean as float32 `center`; what
 * rounding took off it goes into a per-channel constant.
 */
import type { Place } from "../../device/device.ts";
import { perTask, tasksOf } from "../../kernels/tasks.ts";
import type { Emitter } from "../../plan/site.ts";
import { type Layout, simplify } from "./layout.ts";
import { moments, partsOf, rowsPerTask } from "./moments.ts";

export interface BatchNormPlaces {
  x: Place; // f32, the layout's values
  y: Place; // f32, alike
  gamma: Place | null; // f32 [channels]; null: all 1
  beta: Place | null; // f32 [channels]; null: all 0
}

export interface BatchNormGradients {
  dy: Place; // f32, as x
  dx: Place | null; // f32, as x; null: not wanted
  dgamma: Place | null; // f32 [channels]
  dbeta: Place | null; // f32 [channels]
  /** Where several ops share gamma and beta: f64 [2, channels] that their sums are added to; the first begins it. */
  total?: { place: Place; first: boolean };
}

/** What a forward pass normalizes by, a channel each. */
export interface Statistics {
  /** float64 [channels], of the batch or of what stands for it. */
  readonly mean: Place;
  /** float64 [channels]: M2 first, then the biased variance. */
  readonly variance: Place;
  /** float64 [channels] */
  readonly rstd: Place;
  /** float64 [1]: values a channel. */
  readonly count: Place;
}

/** A batch norm over places of a layout. */
export class BatchNormOp {
  readonly channels: number;
  /** Values a channel of x. */
  readonly count: number;
  /** Of the forward pass that was added. */
  statistics: Statistics;
  readonly #emitter: Emitter;
  readonly #layout: Layout;
  readonly #places: BatchNormPlaces;
  readonly #eps: Place;
  readonly #relu: boolean;
  /** float32 [channels]: the mean, rounded. */
  readonly center: Place;
  readonly #scale: Place;
  readonly #shift: Place;

  /** @param relu  the values pass a ReLU afterwards: only where `fusesRelu` */
  constructor(emitter: Emitter, layout: Layout, eps: number, places: BatchNormPlaces, relu = false) {
    this.#layout = simplify(layout);
    const { outer, channels, inner } = this.#layout;
    this.channels = channels;
    this.count = outer * inner;
    this.#emitter = emitter;
    this.#places = places;
    this.#relu = relu;
    this.#eps = emitter.number("f64", () => eps);
    const [mean, variance, rstd] = [0, 0, 0].map(() => emitter.doubles(channels));
    this.statistics = { mean, variance, rstd, count: emitter.number("f64", () => this.count) };
    [this.center, this.#scale, this.#shift] = [0, 0, 0].map(() => emitter.words(channels));
  }

  /**
   * Takes the batch's statistics, and normalizes by them (Algorithm 1).
   *
   * @param merge  adds what makes the moments and count of a share those of the whole batch; by default there are no shares
   */
  forwardTrain(merge?: (statistics: Statistics) => void): void {
    const { channels } = this;
    if (merge) this.statistics = { ...this.statistics, count: this.#emitter.doubles(1) };
    const { mean, variance, rstd, count } = this.statistics;
    moments(this.#emitter, this.#layout, this.#places.x, { mean, m2: variance });
    merge?.(this.statistics);
    const { gamma, beta } = this.#places;
    const coefficients = { center: this.center, scale: this.#scale, shift: this.#shift };
    const args = { mean, m2: variance, count, eps: this.#eps, gamma, beta, channels };
    this.#emitter.command("batchCoefficients", { ...args, variance, rstd, ...coefficients });
    this.#normalize();
  }

  /** Normalizes by given statistics, float32 [channels] each (Algorithm 2). */
  forwardWith(runningMean: Place, runningVar: Place): void {
    const { channels } = this;
    const { mean, rstd } = this.statistics;
    const { gamma, beta } = this.#places;
    const args = { runningMean, runningVar, eps: this.#eps, gamma, beta, channels, mean, rstd };
    const coefficients = { center: this.center, scale: this.#scale, shift: this.#shift };
    this.#emitter.command("runningCoefficients", { ...args, ...coefficients });
    this.#normalize();
  }

  /** Normalizes by what is in `statistics` already: mean and variance, with a count of 1. */
  forwardGiven(): void {
    const { channels } = this;
    const { mean, variance, rstd } = this.statistics;
    const { gamma, beta } = this.#places;
    const coefficients = { center: this.center, scale: this.#scale, shift: this.#shift };
    const count = this.#emitter.number("f64", () => 1);
    const args = { mean, m2: variance, count, eps: this.#eps, gamma, beta, channels, variance, rstd };
    this.#emitter.command("batchCoefficients", { ...args, ...coefficients });
    this.#normalize();
  }

  /**
   * Gradients where the last forward pass was `forwardTrain`: mean and variance depend on x.
   *
   * @param merge  adds what makes the sums of a share, float64 [2, channels], those of the whole batch
   */
  backwardTrain(gradients: BatchNormGradients, merge?: (sums: Place) => void): Place {
    const sums = this.#sumGradients(gradients);
    const { dy, dx } = gradients;
    if (!dx) return sums;
    merge?.(sums);
    const { channels } = this;
    const { mean, rstd, count } = this.statistics;
    const [a, b, c] = [0, 0, 0].map(() => this.#emitter.temporary(channels));
    const args = { sums, mean, rstd, count, gamma: this.#places.gamma, center: this.center, channels };
    this.#emitter.command("gradCoefficients", { ...args, a, b, c });
    this.#gradInput(dy, dx, { a, b, c });
    return sums;
  }

  /** Gradients where the last forward pass was `forwardWith`: its statistics were constants. */
  backwardWith(gradients: BatchNormGradients): Place {
    const sums = this.#sumGradients(gradients);
    const { dy, dx } = gradients;
    if (!dx) return sums;
    const { channels } = this;
    const { rstd, mean, count } = this.statistics;
    const a = this.#emitter.temporary(channels);
    const args = { sums: null, mean, rstd, count, gamma: this.#places.gamma, center: this.center, channels };
    this.#emitter.command("gradCoefficients", { ...args, a, b: null, c: null });
    this.#scaled(dy, dx, a);
    return sums;
  }

  #normalize(): void {
    const { x, y } = this.#places;
    const coefficients = { center: this.center, scale: this.#scale, shift: this.#shift };
    this.#affine({ x, y }, coefficients, this.#relu ? 0 : Number.NEGATIVE_INFINITY);
  }

  /** y = (x − center)·scale + shift, a channel each; what is below the floor becomes it in rows form. */
  #affine(
    places: { x: Place; y: Place },
    coefficients: { center: Place; scale: Place; shift: Place },
    floor: number,
  ): void {
    const { outer, channels, inner } = this.#layout;
    if (inner === 1) {
      const args = { ...places, rows: outer, channels, rowsPerTask: rowsPerTask(this.#layout), ...coefficients, floor };
      this.#emitter.command("affineRows", args, partsOf(this.#layout));
    } else {
      const planesPerTask = perTask(outer * channels, inner, 1);
      const args = { ...places, outer, channels, inner, planesPerTask, ...coefficients };
      this.#emitter.command("affinePlanes", args, tasksOf(outer * channels, planesPerTask));
    }
  }

  #gradInput(dy: Place, dx: Place, coefficients: { a: Place; b: Place; c: Place }): void {
    const { x } = this.#places;
    const { outer, channels, inner } = this.#layout;
    const center = this.center;
    if (inner === 1) {
      const args = { x, dy, dx, rows: outer, channels, rowsPerTask: rowsPerTask(this.#layout), center };
      this.#emitter.command("gradInputRows", { ...args, ...coefficients, ...this.#mask() }, partsOf(this.#layout));
    } else {
      const planesPerTask = perTask(outer * channels, inner, 1);
      const args = { x, dy, dx, outer, channels, inner, planesPerTask, center, ...coefficients };
      this.#emitter.command("gradInputPlanes", args, tasksOf(outer * channels, planesPerTask));
    }
  }

  /** dx = dy·a, where a ReLU let it pass. */
  #scaled(dy: Place, dx: Place, a: Place): void {
    const { x } = this.#places;
    const { outer, channels } = this.#layout;
    const zero = this.#emitter.words(channels);
    if (!this.#relu) {
      this.#affine({ x: dy, y: dx }, { center: zero, scale: a, shift: zero }, Number.NEGATIVE_INFINITY);
      return;
    }
    const args = { x, dy, dx, rows: outer, channels, rowsPerTask: rowsPerTask(this.#layout), center: this.center };
    this.#emitter.command("gradInputRows", { ...args, a, b: zero, c: zero, ...this.#mask() }, partsOf(this.#layout));
  }

  /** What tells which values passed the ReLU. */
  #mask(): { scale: Place | null; shift: Place | null } {
    return this.#relu ? { scale: this.#scale, shift: this.#shift } : { scale: null, shift: null };
  }

  /** Σdy and Σdy·(x − mean)·rstd of x, float64 [2, channels], which are dbeta and dgamma: of a share, its part of them. */
  #sumGradients({ dy, dgamma, dbeta, total }: BatchNormGradients): Place {
    const { x } = this.#places;
    const { outer, channels, inner } = this.#layout;
    const { mean, rstd } = this.statistics;
    const center = this.center;
    const parts = partsOf(this.#layout);
    const [sumDy, sumDyX] = [0, 0].map(() => this.#emitter.temporaryDoubles(parts * channels));
    if (inner === 1) {
      const args = { x, dy, rows: outer, channels, rowsPerTask: rowsPerTask(this.#layout), center, sumDy, sumDyX };
      this.#emitter.command("gradSumsRows", { ...args, ...this.#mask() }, parts);
    } else {
      const channelsPerTask = perTask(channels, outer * inner, 1);
      const args = { x, dy, outer, channels, inner, channelsPerTask, center, sumDy, sumDyX };
      this.#emitter.command("gradSumsPlanes", args, tasksOf(channels, channelsPerTask));
    }
    const sums = this.#emitter.temporaryDoubles(2 * channels);
    const args = { sumDy, sumDyX, parts, channels, center, mean, rstd, sums, dgamma, dbeta };
    const added = { total: total?.place ?? null, first: Number(total?.first ?? false) };
    this.#emitter.command("mergeGradSums", { ...args, ...added });
    return sums;
  }
}

/** Whether the op can take a ReLU along: where channels lie side by side. */
export function fusesRelu(layout: Layout): boolean {
  return simplify(layout).inner === 1;
}
