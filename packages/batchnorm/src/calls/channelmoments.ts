import { check } from "../errors.ts";
import { layoutOf, simplify } from "../ops/normalization/layout.ts";
import { type MergedMoments, mergeMoments } from "../ops/normalization/merge.ts";
import { moments } from "../ops/normalization/moments.ts";
import { checkOptions } from "../options.ts";
import { Scene } from "../plan/scene.ts";
import { checkShape, formatShape, sizeOf } from "../tensor/shape.ts";
import { borrowDevice } from "./eager.ts";

/**
 * Mean and variance of every channel over as many batches as one likes, as if they were one: what running statistics
 * stand for. The kernels' sums are merged in float64 by counts, so that it does not matter how the data are cut.
 *
 *     const moments = new ChannelMoments(64);
 *     for (const x of batches) moments.add(x, { shape: [32, 64, 56, 56], axis: 1 });
 *     moments.mean, moments.unbiased
 *
 * @throws BatchNormError E_VALUE when there is no such number of channels
 * @see    Chan, Golub & LeVeque 1983
 */
export class ChannelMoments {
  readonly #moments: MergedMoments;

  constructor(channels: number) {
    check(Number.isInteger(channels) && channels > 0, "E_VALUE", "ChannelMoments", () => {
      return `expected a positive number of channels, got ${channels}`;
    });
    this.#moments = { count: 0, mean: new Float64Array(channels), m2: new Float64Array(channels) };
  }

  /**
   * @param x  float32, row-major; NaN and infinity go into the results of their channels
   * @param at its shape, and the axis of the channels: the last by default
   * @throws   BatchNormError E_SHAPE when the shape does not fit x or the channels; E_VALUE for an unknown option
   */
  add(x: Float32Array, at: { shape: readonly number[]; axis?: number }): this {
    const where = "ChannelMoments.add";
    checkOptions(where, at, ["shape", "axis"]);
    const { shape, axis = -1 } = at;
    checkShape(shape, where);
    const size = sizeOf(shape);
    check(x.length === size, "E_SHAPE", where, () => {
      return `expected ${size} values for shape ${formatShape(shape)}, got ${x.length}`;
    });
    const channels = this.mean.length;
    const layout = simplify(layoutOf(shape, axis, channels, where));
    if (size === 0) return this;
    const scene = new Scene(borrowDevice());
    const of = { mean: scene.doubles(channels), m2: scene.doubles(channels) };
    moments(scene, layout, scene.place(x), of);
    scene.run();
    const values = new Float64Array(2 * channels);
    values.set(scene.float64s(of.mean, channels));
    values.set(scene.float64s(of.m2, channels), channels);
    mergeMoments(this.#moments, size / channels, values, 0, channels, channels);
    return this;
  }

  /** Values a channel so far. */
  get count(): number {
    return this.#moments.count;
  }

  /** [channels] */
  get mean(): Float64Array {
    return this.#moments.mean;
  }

  /** [channels] divided by the count: NaN before there are values. */
  get variance(): Float64Array {
    const { count, m2 } = this.#moments;
    return m2.map((v) => v / count);
  }

  /** [channels] divided by the count less 1, as PyTorch's running variance is. */
  get unbiased(): Float64Array {
    const { count, m2 } = this.#moments;
    return m2.map((v) => v / (count - 1));
  }
}
