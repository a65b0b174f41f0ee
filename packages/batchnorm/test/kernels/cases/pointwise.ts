/** Activations, Dropout, optimizers, and what gathers batches: all an element, or a row, at a time. */
import { integers, normals, uniforms } from "../../support/data.ts";
import type { KernelSpec, Numbers } from "../../support/kernel.ts";
import { floats, inThree, labelled, pairs, SIZES, tasksFor } from "./sizes.ts";

const COUNTS = [...SIZES, 127, 128, 129, 1000];
const elementwise = (_args: Numbers, _input: string, index: number, _out: string, at: number) => index === at;
const cut = (unit: number) => ({ argument: "perTask", unit, count: ({ count }: Numbers) => count });

const activation: KernelSpec = {
  inputs: ["x"],
  inPlace: [["y", "x"]],
  *cases() {
    for (const count of COUNTS) {
      for (const [mean, std] of [
        [0, 1],
        [0, 10],
        [1e4, 1],
      ]) {
        const perTask = inThree(count, 4);
        const x = normals(count, count, mean, std);
        yield labelled({ x, y: floats(count), count, perTask }, tasksFor(count, perTask));
      }
    }
  },
  reaches: elementwise,
  cut: cut(4),
};

/** y is what the activation gave, so within its range. */
function activationGrad(from: number, to: number): KernelSpec {
  return {
    inputs: ["y", "dy"],
    inPlace: [["dx", "dy"]],
    *cases() {
      for (const count of COUNTS) {
        const perTask = inThree(count, 4);
        const values = { y: uniforms(count, count, from, to), dy: normals(count + 1, count), dx: floats(count) };
        yield labelled({ ...values, count, perTask }, tasksFor(count, perTask));
      }
    },
    reaches: elementwise,
    cut: cut(4),
  };
}

export const [sigmoid, tanh, relu] = [activation, activation, activation];
export const [sigmoidGrad, tanhGrad, reluGrad] = [activationGrad(0, 1), activationGrad(-1, 1), activationGrad(-1, 1)];

export const dropout: KernelSpec = {
  inputs: ["x"],
  inPlace: [["y", "x"]],
  *cases() {
    for (const [i, count] of COUNTS.entries()) {
      for (const p of [0, 0.1, 0.5, 0.999]) {
        const perTask = inThree(count, 4);
        const key = Int32Array.of(0x7fffffff - 0x12345678 * i);
        const numbers = { count, perTask, key, first: Int32Array.of(1000 * i), limit: Math.floor(p * 2 ** 32) };
        const args = { x: normals(count, count), y: floats(count), ...numbers, scale: 1 / (1 - p) };
        yield labelled(args, tasksFor(count, perTask));
      }
    }
  },
  reaches: elementwise,
  cut: cut(4),
};

/** One number has a say in all results; of arrays, a value in that in its place. */
const optimizes =
  (numbers: readonly string[]) => (_args: Numbers, input: string, index: number, _out: string, at: number) =>
    index === at || numbers.includes(input);

/** Optimizers see runs that are padded: multiples of 16 values. */
const RUNS = [16, 48, 64, 80, 496, 512, 528];

export const sgd: KernelSpec = {
  inputs: ["weight", "grad", "velocity", "lr"],
  *cases() {
    for (const count of RUNS) {
      for (const kind of [0, 1, 2, 3]) {
        const perTask = inThree(count, 16);
        const velocity = kind === 0 ? null : normals(count + 2, count);
        const options = { momentum: velocity ? 0.9 : 0, weightDecay: 0.01 * (kind % 2), nesterov: kind >> 1 };
        const values = { weight: normals(count, count), grad: normals(count + 1, count), velocity };
        const lr = Float32Array.of(0.1);
        yield labelled({ ...values, count, perTask, lr, ...options }, tasksFor(count, perTask));
      }
    }
  },
  reaches: optimizes(["lr"]),
  cut: cut(16),
};

export const adam: KernelSpec = {
  inputs: ["weight", "grad", "m", "v", "step", "correction", "shrink"],
  *cases() {
    for (const count of RUNS) {
      for (const decay of [0, 0.01]) {
        const perTask = inThree(count, 16);
        const values = { weight: normals(count, count), grad: normals(count + 1, count) };
        const state = { m: normals(count + 2, count), v: uniforms(count + 3, count, 0.01) };
        const betas = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: decay };
        const [step, correction, shrink] = [0.01, 1.5, 1 - decay].map((value) => Float32Array.of(value));
        const args = { ...values, ...state, count, perTask, ...betas, step, correction, shrink };
        yield labelled(args, tasksFor(count, perTask));
      }
    }
  },
  reaches: optimizes(["step", "correction", "shrink"]),
  cut: cut(16),
};

function gather(from: (count: number) => Uint8Array | Float32Array, inputs: string[]): KernelSpec {
  return {
    inputs,
    *cases() {
      for (const [rows, width] of pairs()) {
        const items = 7;
        const rowsPerTask = inThree(rows);
        const indices = integers(rows + 50 * width, rows, items);
        const args = { from: from(items * width), indices, to: floats(rows * width), rows, width, rowsPerTask };
        yield labelled({ ...args, scale: 1 / 255 }, tasksFor(rows, rowsPerTask));
      }
    },
    // Which rows an item went to is up to `indices`: any may have it.
    reaches: ({ width }, _input, index, _out, at) => index % width === at % width,
    cut: { argument: "rowsPerTask", unit: 1, count: ({ rows }) => rows },
  };
}

export const gatherBytes = gather((count) => Uint8Array.from(integers(3, count, 256)), []);
export const gatherFloats = gather((count) => normals(4, count), ["from"]);

export const gatherImages: KernelSpec = {
  inputs: ["scale", "shift"],
  *cases() {
    const items = 5;
    for (const [h, w, channels] of [
      [1, 1, 1],
      [1, 7, 3],
      [5, 1, 2],
      [4, 6, 3],
      [8, 8, 1],
      [3, 5, 17],
    ]) {
      for (const rows of [1, 2, 7]) {
        const rowsPerTask = inThree(rows);
        const size = h * w * channels;
        const chosen = integers(rows + size, 4 * rows, 1000);
        // An item, a shift of at most the image's size and one more either way, mirrored or not.
        const places = chosen.map(
          (v, i) => [v % items, (v % (2 * h + 3)) - h - 1, (v % (2 * w + 3)) - w - 1, v % 2][i % 4],
        );
        const coefficients = { scale: normals(1, channels), shift: normals(2, channels) };
        const from = Uint8Array.from(integers(3, items * size, 256));
        const args = { from, places, to: floats(rows * size), ...coefficients, rows, h, w, channels, rowsPerTask };
        yield labelled(args, tasksFor(rows, rowsPerTask));
      }
    }
  },
  // Which pixels of the batch lie inside of an image is up to `places`: any may.
  reaches: ({ channels }, _input, index, _out, at) => index === at % channels,
  cut: { argument: "rowsPerTask", unit: 1, count: ({ rows }) => rows },
};
