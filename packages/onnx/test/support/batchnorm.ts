/** One batch norm in ONNX's convention, computed by onnxruntime and by the library. */
import { BatchNorm, batchNormForward, batchNormInference, Random, tensor } from "batchnorm";
import { float16, fromBits, toBits } from "batchnorm/formats";
import { loadRuntime, openSession, runOn } from "#dist/verify/runtime.js";
import { numbersFrom } from "#dist/verify/values.js";
import { DataType, model, node } from "./models.ts";

export type FloatName = "float16" | "float32" | "float64";

export interface Norm extends Values {
  opset: number;
  /** A float32 number, as an attribute is stored; momentum alike. */
  eps: number;
  /** The weight of the old running statistics. */
  momentum: number;
}

export interface Values {
  /** [N, C, ...] */
  shape: number[];
  /** Of that shape. */
  x: Float32Array;
  /** [C] each */
  gamma: Float32Array;
  beta: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
}

export interface Results {
  /** Of x's shape. */
  y: ArrayLike<number>;
  /** [C] each: running statistics, which training has moved. */
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
}

export interface Draw {
  shape: number[];
  seed: number;
  /** Of x, roughly. */
  center: number;
  spread: number;
  /** The type that all values are numbers of. */
  type?: FloatName;
}

/** Values for a batch norm: running statistics are near the batch's own, and gamma has either sign. */
export function drawn({ shape, seed, center, spread, type = "float32" }: Draw): Values {
  const random = new Random(seed);
  const channels = shape[1];
  const draw = (count: number, next: () => number) => Float32Array.from({ length: count }, () => rounded(next(), type));
  const count = shape.reduce((product, size) => product * size, 1);
  return {
    shape,
    x: draw(count, () => center + spread * random.normal()),
    gamma: draw(channels, () => (random.uniform() + 0.5) * (random.integer(2) * 2 - 1)),
    beta: draw(channels, () => random.normal()),
    mean: draw(channels, () => center + spread * random.normal()),
    variance: draw(channels, () => spread ** 2 * (random.uniform() * 2 + 0.1)),
  };
}

function rounded(value: number, type: FloatName): number {
  return type === "float16" ? fromBits(toBits(value, float16), float16) : Math.fround(value);
}

/** The batch norm as a model of one node, in onnxruntime; float64 stands for what is exact. */
export async function byRuntime(norm: Norm, training: boolean, type: FloatName): Promise<Results> {
  const { shape, opset, eps, momentum } = norm;
  const vector = [shape[1]];
  const shapes = { x: shape, gamma: vector, beta: vector, mean: vector, variance: vector };
  const outputs = training ? ["y", "movedMean", "movedVariance"] : ["y"];
  const attributes = { epsilon: eps, momentum, ...(training && { training_mode: 1 }) };
  const made = model({
    opset,
    type: { float16: DataType.FLOAT16, float32: DataType.FLOAT, float64: DataType.DOUBLE }[type],
    inputs: shapes,
    outputs,
    nodes: [node("BatchNormalization", Object.keys(shapes).join(), outputs.join(), attributes)],
  });
  const inputs = Object.entries(shapes).map(([name, dims]) => {
    return [name, { type, dims, data: stored(norm[name as keyof typeof shapes], type) }] as const;
  });
  const runtime = await loadRuntime();
  const session = await openSession(runtime, made, "the batch norm");
  try {
    const results = await runOn(runtime, session, new Map(inputs), "the batch norm");
    const [y, mean, variance] = outputs.map((name) => numbersFrom(type, results[name].data as Float32Array));
    return { y: y as Float64Array, mean: mean ?? norm.mean, variance: variance ?? norm.variance };
  } finally {
    await session.release();
  }
}

function stored(values: Float32Array, type: FloatName) {
  if (type === "float16") return Uint16Array.from(values, (value) => toBits(value, float16));
  return type === "float64" ? Float64Array.from(values) : values;
}

/** By the library's functions of arrays. */
export function byFunctions(norm: Norm, training: boolean): Results {
  const { x, mean, variance, momentum, shape, gamma, beta, eps } = norm;
  const options = { shape, gamma, beta, eps, axis: 1 };
  if (!training) return { y: batchNormInference(x, { ...options, mean, variance }), mean, variance };
  const batch = batchNormForward(x, options);
  const moved = (old: Float32Array, now: Float64Array) => old.map((v, c) => v * momentum + now[c] * (1 - momentum));
  return { y: batch.y, mean: moved(mean, batch.mean), variance: moved(variance, batch.variance) };
}

/** By the library's layer: its momentum is the weight of the new statistics, and ONNX's variance is divided by m. */
export function byLayer({ shape, eps, momentum, ...values }: Norm, training: boolean): Results {
  const options = { axis: 1, eps, momentum: 1 - momentum, runningVariance: "biased" } as const;
  const layer = new BatchNorm(shape[1], options);
  if (!training) layer.eval();
  layer.weight!.data.set(values.gamma);
  layer.bias!.data.set(values.beta);
  layer.setRunningStats(values.mean, values.variance);
  const y = layer.forward(tensor(values.x, shape));
  return { y: y.data, mean: layer.runningMean!.data, variance: layer.runningVar!.data };
}
