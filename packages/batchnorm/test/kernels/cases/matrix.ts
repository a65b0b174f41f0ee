/** Kernels of linear layers and losses. */
import { limits, limitsOf } from "#dist/kernels/contract.js";
import { integers, normals } from "../../support/data.ts";
import type { KernelSpec } from "../../support/kernel.ts";
import { doubles, floats, inThree, labelled, pairs, SIZES, tasksFor, triples } from "./sizes.ts";

/** Of every build so far. */
const PANEL = limitsOf("simd").panel;

export const gemm: KernelSpec = {
  inputs: ["a", "b", "bias"],
  *cases() {
    let seed = 1;
    for (const [m, n, k] of triples()) {
      for (const transposes of [0, 1, 2, 3]) {
        const [transposeA, transposeB] = [transposes & 1, transposes >> 1];
        const panelsPerTask = inThree(Math.ceil(n / PANEL));
        const bias = (m + n + k + transposes) % 2 ? normals(seed++, n) : null;
        const matrices = { a: normals(seed++, m * k), b: normals(seed++, k * n), c: floats(m * n), bias };
        const args = { ...matrices, m, n, k, transposeA, transposeB, panelsPerTask };
        yield labelled(args, tasksFor(Math.ceil(n / PANEL), panelsPerTask));
      }
    }
  },
  reaches({ m, n, k, transposeA, transposeB }, input, index, _out, at) {
    const [row, column] = [Math.floor(at / n), at % n];
    if (input === "bias") return index === column;
    if (input === "a") return (transposeA ? index % m : Math.floor(index / k)) === row;
    return (transposeB ? Math.floor(index / k) : index % n) === column;
  },
  cut: { argument: "panelsPerTask", unit: 1, most: limits.gemmPanels, count: ({ n }) => Math.ceil(n / PANEL) },
};

export const sumRows: KernelSpec = {
  inputs: ["x"],
  *cases() {
    const long = [127, 128, 129, 300].flatMap((rows) =>
      [1, 4, 7].map((channels): [number, number] => [rows, channels]),
    );
    for (const [rows, channels] of [...pairs(), ...long]) {
      const channelsPerTask = inThree(channels, 4);
      const x = normals(rows * 100 + channels, rows * channels);
      const args = { x, rows, channels, channelsPerTask, sum: floats(channels) };
      yield labelled(args, tasksFor(channels, channelsPerTask));
    }
  },
  reaches: ({ channels }, _input, index, _out, at) => index % channels === at,
  cut: { argument: "channelsPerTask", unit: 4, count: ({ channels }) => channels },
};

export const softmaxCrossEntropy: KernelSpec = {
  inputs: ["logits", "gradScale"],
  *cases() {
    const shapes = [...pairs(), [130, 10], [2, 1000], [1, 32768]] as [number, number][];
    for (const [i, [rows, classes]] of shapes.entries()) {
      for (const mean of [0, 1e4]) {
        const rowsPerTask = inThree(rows);
        const labels = integers(rows * 100 + classes, rows, classes);
        const logits = normals(rows * 7 + classes, rows * classes, mean, 1 + (i % 4));
        const results = { grad: floats(rows * classes), loss: doubles(rows), correct: new Int32Array(rows).fill(-1) };
        const gradScale = Float32Array.of(1 / rows);
        const args = { logits, labels, ...results, rows, classes, rowsPerTask, gradScale };
        yield labelled(args, tasksFor(rows, rowsPerTask));
      }
    }
  },
  reaches: ({ classes }, input, index, out, at) =>
    input === "gradScale" || Math.floor(index / classes) === (out === "grad" ? Math.floor(at / classes) : at),
  cut: { argument: "rowsPerTask", unit: 1, count: ({ rows }) => rows },
};

export const squaredError: KernelSpec = {
  inputs: ["y", "target", "gradScale"],
  *cases() {
    for (const count of [...SIZES, 1023, 1024, 1025, 5000]) {
      for (const perTask of [inThree(count, 4), Math.ceil(count / 4) * 4]) {
        const tasks = tasksFor(count, perTask);
        const values = { y: normals(count, count), target: normals(count + 1, count) };
        const results = { grad: floats(count), loss: doubles(tasks) };
        yield labelled({ ...values, ...results, count, perTask, gradScale: Float32Array.of(1 / count) }, tasks);
      }
    }
  },
  reaches: ({ perTask }, input, index, out, at) =>
    input === "gradScale" || (out === "grad" ? index : Math.floor(index / perTask)) === at,
};
