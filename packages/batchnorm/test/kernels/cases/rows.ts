/** Batch norm's kernels over [rows, channels]. */
import { normals } from "../../support/data.ts";
import type { KernelCase, KernelSpec, Numbers } from "../../support/kernel.ts";
import { doubles, floats, inThree, labelled, pairs, tasksFor } from "./sizes.ts";

interface Shape {
  rows: number;
  channels: number;
  rowsPerTask: number;
  tasks: number;
  mean: number;
  seed: number;
  /** Every so many rows are at 100: 0 for none. */
  far: number;
}

function* shapes(): Generator<Shape> {
  let seed = 1;
  const shape = (rows: number, channels: number, rowsPerTask: number, mean = 0, far = 0): Shape => {
    return { rows, channels, rowsPerTask, tasks: tasksFor(rows, rowsPerTask), mean, seed: seed++, far };
  };
  for (const [rows, channels] of pairs()) yield shape(rows, channels, inThree(rows));
  for (const channels of [1, 3, 4, 6, 33]) {
    yield shape(650, channels, 10); // many tasks
    yield shape(600, channels, 200); // longer than a piece of 128 rows, and no multiple of it
    yield shape(300, channels, 128, 1e4);
    yield shape(700, channels, 256, 0, 16); // just where a guess at the mean is made from
  }
  // Around the 2,048 channels that one pass takes, with a rest of fewer than four.
  for (const channels of [2047, 2049, 2051, 4100]) yield shape(9, channels, 5);
}

function rowsCases(make: (shape: Shape) => KernelCase["args"]): KernelSpec["cases"] {
  return function* () {
    for (const shape of shapes()) yield labelled(make(shape), shape.tasks);
  };
}

const channelOf = ({ channels }: Numbers, index: number) => index % channels;
const taskOf = ({ channels, rowsPerTask }: Numbers, index: number) =>
  Math.floor(Math.floor(index / channels) / rowsPerTask);
/** Value `index` of x has a say in partial result `at`, [tasks, channels]. */
const inPart = (args: Numbers, index: number, at: number) =>
  channelOf(args, index) === channelOf(args, at) && taskOf(args, index) === Math.floor(at / args.channels);

const coefficient = ({ seed, channels }: Shape, i: number) => normals(1000 * i + seed, channels);
const center = ({ seed, channels, mean }: Shape) => normals(5000 + seed, channels, mean);
const values = ({ seed, rows, channels, mean }: Shape, i = 0) => normals(9000 * i + seed, rows * channels, mean);
/** Of x, for the kernels that sum it up. */
const withFar = (shape: Shape) =>
  values(shape).map((v, i) => (shape.far && Math.floor(i / shape.channels) % shape.far === 0 ? 100 : v));
const cut = { argument: "rowsPerTask", unit: 1, count: ({ rows }: Numbers) => rows };

/** Every other case has a ReLU after the normalization. */
function relu(shape: Shape): Pick<KernelCase["args"], "scale" | "shift"> {
  if (shape.seed % 2) return { scale: null, shift: null };
  return { scale: coefficient(shape, 5), shift: coefficient(shape, 6) };
}

export const momentsRows: KernelSpec = {
  inputs: ["x"],
  cases: rowsCases((shape) => {
    const { rows, channels, rowsPerTask, tasks } = shape;
    const room = () => doubles(tasks * channels);
    return { x: withFar(shape), rows, channels, rowsPerTask, mean: room(), m2: room() };
  }),
  reaches: (args, _input, index, _out, at) => inPart(args, index, at),
};

export const affineRows: KernelSpec = {
  inputs: ["x", "center", "scale", "shift"],
  cases: rowsCases((shape) => {
    const { rows, channels, rowsPerTask } = shape;
    const sizes = { rows, channels, rowsPerTask };
    const coefficients = { center: center(shape), scale: coefficient(shape, 1), shift: coefficient(shape, 2) };
    const floor = shape.seed % 2 ? Number.NEGATIVE_INFINITY : 0;
    return { x: values(shape), y: floats(rows * channels), ...sizes, ...coefficients, floor };
  }),
  reaches: (args, input, index, _out, at) => (input === "x" ? index === at : index === channelOf(args, at)),
  cut,
};

export const gradSumsRows: KernelSpec = {
  inputs: ["x", "dy", "center", "scale", "shift"],
  cases: rowsCases((shape) => {
    const { rows, channels, rowsPerTask, tasks } = shape;
    const dy = values({ ...shape, mean: 0 }, 1);
    const room = () => doubles(tasks * channels);
    const sizes = { rows, channels, rowsPerTask };
    return { x: values(shape), dy, ...sizes, center: center(shape), sumDy: room(), sumDyX: room(), ...relu(shape) };
  }),
  // With a ReLU, x and the coefficients decide which of dy are added.
  reaches: (args, input, index, _out, at) =>
    input === "x" || input === "dy" ? inPart(args, index, at) : index === channelOf(args, at),
};

export const gradInputRows: KernelSpec = {
  inputs: ["x", "dy", "center", "a", "b", "c", "scale", "shift"],
  cases: rowsCases((shape) => {
    const { rows, channels, rowsPerTask } = shape;
    const dy = values({ ...shape, mean: 0 }, 1);
    const a = coefficient(shape, 1);
    // Statistics that were constants now and then.
    const [b, c] = [2, 3].map((i) => (shape.seed % 4 > 1 ? null : coefficient(shape, i)));
    const sizes = { rows, channels, rowsPerTask };
    const grads = { dy, dx: floats(rows * channels) };
    return { x: values(shape), ...grads, ...sizes, center: center(shape), a, b, c, ...relu(shape) };
  }),
  reaches: (args, input, index, _out, at) =>
    input === "x" || input === "dy" ? index === at : index === channelOf(args, at),
  cut,
};
