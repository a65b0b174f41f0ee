/** Batch norm as plain functions of arrays, without state: for people with a framework of their own. */
import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { BatchNormOp } from "../ops/normalization/batchnorm.ts";
import { layoutOf } from "../ops/normalization/layout.ts";
import { checkOptions } from "../options.ts";
import { Scene } from "../plan/scene.ts";
import { checkShape, formatShape, sizeOf } from "../tensor/shape.ts";
import { borrowDevice } from "./eager.ts";

interface Where {
  /** Of x; row-major. */
  shape: readonly number[];
  /** Where the channels are. Default −1, the last. */
  axis?: number;
}

export interface BatchNormForwardOptions extends Where {
  /** [C]; all 1 by default. */
  gamma?: Float32Array;
  /** [C]; all 0 by default. */
  beta?: Float32Array;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

const OF_FORWARD = ["shape", "axis", "gamma", "beta", "eps"] as const;

/** What a backward pass needs of the forward pass, and what running statistics are made of. */
export interface BatchStatistics {
  /** [C] */
  mean: Float64Array;
  /** [C]; divided by the number of values a channel. */
  variance: Float64Array;
  /** [C] 1 / √(variance + eps) */
  rstd: Float64Array;
  /** Values a channel. */
  count: number;
}

/**
 * Normalizes a batch by its own statistics (Algorithm 1).
 *
 *   y = gamma · (x − mean) · rstd + beta
 *
 * @param x  float32 of the given shape
 * @throws   BatchNormError E_SHAPE when shapes do not fit; E_BATCH when there is one value a channel or none; E_VALUE for an
 *           option that is unknown or outside its range
 */
export function batchNormForward(
  x: Float32Array,
  options: BatchNormForwardOptions,
): BatchStatistics & { y: Float32Array } {
  checkOptions("batchNormForward", options, OF_FORWARD);
  const { scene, op, y, size } = prepare("batchNormForward", x, options);
  check(op.count > 1, "E_BATCH", "batchNormForward", () => {
    return `expected more than one value a channel, got ${op.count}: it has no variance`;
  });
  op.forwardTrain();
  scene.run();
  const { mean, variance, rstd } = op.statistics;
  const [means, variances, rstds] = [mean, variance, rstd].map((place) => scene.float64s(place, op.channels));
  return { y: scene.floats(y, size), mean: means, variance: variances, rstd: rstds, count: op.count };
}

export interface BatchNormBackwardOptions extends Where {
  gamma?: Float32Array;
  /** [C], of the forward pass. */
  mean: ArrayLike<number>;
  /** [C], of the forward pass. */
  rstd: ArrayLike<number>;
  /** False when mean and rstd were constants (eval mode, frozen): then dx = gamma·rstd·dy. Default true. */
  batchStatistics?: boolean;
}

/**
 * Gradients of a forward pass.
 *
 * @param dy  gradient of y, as many values as x
 * @param x   what the forward pass was given
 * @throws    BatchNormError E_SHAPE when shapes do not fit; E_BATCH without values; E_VALUE for an unknown option
 */
export function batchNormBackward(
  dy: Float32Array,
  x: Float32Array,
  options: BatchNormBackwardOptions,
): { dx: Float32Array; dgamma: Float32Array; dbeta: Float32Array } {
  const where = "batchNormBackward";
  checkOptions(where, options, ["shape", "axis", "gamma", "mean", "rstd", "batchStatistics"]);
  const { mean, rstd, batchStatistics = true } = options;
  check(
    dy.length === x.length,
    "E_SHAPE",
    where,
    () => `expected as many values of dy as of x (${x.length}), got ${dy.length}`,
  );
  const { scene, op, y: dx, size } = prepare(where, x, options);
  const { channels } = op;
  checkLength(where, "mean", mean, channels);
  checkLength(where, "rstd", rstd, channels);
  // Stands in for the forward pass.
  scene.write(op.statistics.mean, Float64Array.from(mean));
  scene.write(op.statistics.rstd, Float64Array.from(rstd));
  scene.write(op.center, Float32Array.from(mean));
  const [dgamma, dbeta] = [scene.words(channels), scene.words(channels)];
  const gradients = { dy: scene.place(dy), dx, dgamma, dbeta };
  if (batchStatistics) op.backwardTrain(gradients);
  else op.backwardWith(gradients);
  scene.run();
  const [ofGamma, ofBeta] = [dgamma, dbeta].map((place) => scene.floats(place, channels));
  return { dx: scene.floats(dx, size), dgamma: ofGamma, dbeta: ofBeta };
}

export interface BatchNormInferenceOptions extends BatchNormForwardOptions {
  /** [C] */
  mean: ArrayLike<number>;
  /** [C], at least 0 */
  variance: ArrayLike<number>;
}

/**
 * Normalizes by given statistics (Algorithm 2): y = gamma · (x − mean) / √(variance + eps) + beta.
 *
 * @throws BatchNormError E_SHAPE when shapes do not fit; E_BATCH without values; E_VALUE for an option that is unknown or
 *         outside its range
 */
export function batchNormInference(x: Float32Array, options: BatchNormInferenceOptions): Float32Array {
  checkOptions("batchNormInference", options, [...OF_FORWARD, "mean", "variance"]);
  const { mean, variance } = options;
  const { scene, op, y, size } = prepare("batchNormInference", x, options);
  checkLength("batchNormInference", "mean", mean, op.channels);
  checkLength("batchNormInference", "variance", variance, op.channels);
  const wrong = Array.from(variance).find((v) => !(v >= 0));
  check(wrong === undefined, "E_VALUE", "batchNormInference", () => `expected variances of at least 0, got ${wrong}`);
  scene.write(op.statistics.mean, Float64Array.from(mean));
  scene.write(op.statistics.variance, Float64Array.from(variance));
  op.forwardGiven();
  scene.run();
  return scene.floats(y, size);
}

/** The op on the shared device, with its inputs in place; `y` is room for as many values as x. */
function prepare(where: string, x: Float32Array, options: BatchNormForwardOptions) {
  const { shape, axis = -1, gamma, beta, eps = 1e-5 } = options;
  checkShape(shape, where);
  const size = sizeOf(shape);
  check(
    x.length === size,
    "E_SHAPE",
    where,
    () => `expected ${size} values for shape ${formatShape(shape)}, got ${x.length}`,
  );
  check(size > 0, "E_BATCH", where, () => `expected at least one example, got shape ${formatShape(shape)}`);
  check(eps >= 0, "E_VALUE", where, () => `expected eps of at least 0, got ${eps}`);
  const channels = shape[axis < 0 ? shape.length + axis : axis];
  const layout = layoutOf(shape, axis, channels, where);
  for (const [name, values] of Object.entries({ gamma, beta })) if (values) checkLength(where, name, values, channels);
  const scene = new Scene(borrowDevice());
  const place = (values: Float32Array | undefined): Place | null => (values ? scene.place(values) : null);
  const y = scene.words(size);
  const places = { x: scene.place(x), y, gamma: place(gamma), beta: place(beta) };
  return { scene, op: new BatchNormOp(scene, layout, eps, places), y, size };
}

function checkLength(where: string, name: string, values: ArrayLike<number>, count: number): void {
  check(values?.length === count, "E_SHAPE", where, () => `expected ${count} values of ${name}, got ${values?.length}`);
}
