/** Batch norm as plain functions of arrays, without state: for people with a framework of their own. */
import { Arena } from "../engine/arena.ts";
import { check } from "../errors.ts";
import { type BatchNormBuffers, BatchNormOp } from "../ops/batchnorm.ts";
import { layoutOf } from "../ops/layout.ts";
import { checkShape, formatShape, sizeOf } from "../tensor/shape.ts";
import { borrowEngine } from "./eager.ts";

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
 * @throws   BatchNormError E_SHAPE when shapes do not fit; E_BATCH when there is one value a channel or none
 */
export function batchNormForward(
  x: Float32Array,
  options: BatchNormForwardOptions,
): BatchStatistics & { y: Float32Array } {
  const { op, y } = prepare("batchNormForward", x, options, {});
  check(op.count > 1, "E_BATCH", "batchNormForward", () => {
    return `expected more than one value a channel, got ${op.count}: it has no variance`;
  });
  op.forwardTrain();
  const { mean, variance, rstd, count } = op;
  return { y: y(), mean, variance, rstd, count };
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
 */
export function batchNormBackward(
  dy: Float32Array,
  x: Float32Array,
  options: BatchNormBackwardOptions,
): { dx: Float32Array; dgamma: Float32Array; dbeta: Float32Array } {
  const { mean, rstd, batchStatistics = true } = options;
  const where = "batchNormBackward";
  check(
    dy.length === x.length,
    "E_SHAPE",
    where,
    () => `expected as many values of dy as of x (${x.length}), got ${dy.length}`,
  );
  const { op, dx, dgamma, dbeta } = prepare(where, x, options, { dy });
  checkLength(where, "mean", mean, op.channels);
  checkLength(where, "rstd", rstd, op.channels);
  op.resume(mean, rstd);
  if (batchStatistics) op.backwardTrain();
  else op.backwardWith();
  return { dx: dx(), dgamma: dgamma(), dbeta: dbeta() };
}

export interface BatchNormInferenceOptions extends BatchNormForwardOptions {
  /** [C] */
  mean: ArrayLike<number>;
  /** [C], at least 0 */
  variance: ArrayLike<number>;
}

/** Normalizes by given statistics (Algorithm 2): y = gamma · (x − mean) / √(variance + eps) + beta. */
export function batchNormInference(x: Float32Array, options: BatchNormInferenceOptions): Float32Array {
  const { mean, variance } = options;
  const { op, y } = prepare("batchNormInference", x, options, {});
  checkLength("batchNormInference", "mean", mean, op.channels);
  checkLength("batchNormInference", "variance", variance, op.channels);
  const wrong = Array.from(variance).find((v) => !(v >= 0));
  check(wrong === undefined, "E_VALUE", "batchNormInference", () => `expected variances of at least 0, got ${wrong}`);
  op.forwardWith(mean, variance);
  return y();
}

/** The op over the shared engine, with its inputs in place; each function reads one result. */
function prepare(where: string, x: Float32Array, options: BatchNormForwardOptions, { dy }: { dy?: Float32Array }) {
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
  const engine = borrowEngine();
  const { memory } = engine;
  const arena = new Arena(memory);
  const place = (name: string, values: Float32Array | undefined, count: number) => {
    if (!values) return 0;
    checkLength(where, name, values, count);
    const at = arena.floats(count);
    memory.f32.set(values, at >> 2);
    return at;
  };
  const at: BatchNormBuffers = {
    x: place("x", x, size),
    dy: place("dy", dy, size),
    y: dy ? 0 : arena.floats(size),
    dx: dy ? arena.floats(size) : 0,
    gamma: place("gamma", gamma, channels),
    beta: place("beta", beta, channels),
    dgamma: dy ? arena.floats(channels) : 0,
    dbeta: dy ? arena.floats(channels) : 0,
  };
  const read = (from: number, count: number) => new Float32Array(memory.f32.subarray(from >> 2, (from >> 2) + count));
  return {
    op: new BatchNormOp(engine, arena, layout, eps, at),
    y: () => read(at.y, size),
    dx: () => read(at.dx, size),
    dgamma: () => read(at.dgamma, channels),
    dbeta: () => read(at.dbeta, channels),
  };
}

function checkLength(where: string, name: string, values: ArrayLike<number>, count: number): void {
  check(values?.length === count, "E_SHAPE", where, () => `expected ${count} values of ${name}, got ${values?.length}`);
}
