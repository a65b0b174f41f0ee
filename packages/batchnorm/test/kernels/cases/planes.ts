/** Batch norm's kernels over [outer, channels, inner]. */
import { normals } from "../../support/data.ts";
import type { KernelCase, KernelSpec, Numbers } from "../../support/kernel.ts";
import { doubles, floats, inThree, labelled, tasksFor, triples } from "./sizes.ts";

interface Shape {
  outer: number;
  channels: number;
  inner: number;
  mean: number;
  seed: number;
  /** The first 16 of every 1,024 values of a channel are at 100. */
  far: boolean;
  /** For the kernels that take whole channels, and for those that take planes. */
  by: { channels: number; planes: number };
}

function* shapes(): Generator<Shape> {
  let seed = 1;
  const shape = (outer: number, channels: number, inner: number, by: Shape["by"], mean = 0, far = false): Shape => {
    return { outer, channels, inner, mean, seed: seed++, by, far };
  };
  for (const [outer, channels, inner] of triples()) {
    yield shape(outer, channels, inner, { channels: inThree(channels), planes: inThree(outer * channels) });
  }
  yield shape(3, 65, 7, { channels: 1, planes: 3 }); // many tasks
  // Around the 1,024 values of a piece, which may end within a plane.
  for (const inner of [1023, 1024, 1025, 2500]) yield shape(2, 3, inner, { channels: 1, planes: 4 });
  for (const inner of [49, 900]) yield shape(5, 4, inner, { channels: 2, planes: 7 }, 1e4);
  for (const inner of [4, 60, 3000]) yield shape(70, 5, inner, { channels: 1, planes: 70 }, 0, true);
}

function planesCases(by: keyof Shape["by"], make: (shape: Shape) => KernelCase["args"]): KernelSpec["cases"] {
  return function* () {
    for (const shape of shapes()) {
      const count = by === "channels" ? shape.channels : shape.outer * shape.channels;
      yield labelled(make(shape), tasksFor(count, shape.by[by]));
    }
  };
}

const channelOf = ({ channels, inner }: Numbers, index: number) => Math.floor(index / inner) % channels;
const coefficient = ({ seed, channels }: Shape, i: number) => normals(1000 * i + seed, channels);
const center = ({ seed, channels, mean }: Shape) => normals(5000 + seed, channels, mean);
const sizeOf = ({ outer, channels, inner }: Shape) => outer * channels * inner;
const values = (shape: Shape, i = 0) => normals(9000 * i + shape.seed, sizeOf(shape), shape.mean);
/** Of x, for the kernels that sum it up. */
const withFar = (shape: Shape) => {
  const { channels, inner, far } = shape;
  const place = (i: number) => Math.floor(i / (channels * inner)) * inner + (i % inner);
  return values(shape).map((v, i) => (far && place(i) % 1024 < 16 ? 100 : v));
};
const sizesOf = ({ outer, channels, inner }: Shape) => ({ outer, channels, inner });
const byChannels = { argument: "channelsPerTask", unit: 1, count: ({ channels }: Numbers) => channels };
const byPlanes = { argument: "planesPerTask", unit: 1, count: ({ outer, channels }: Numbers) => outer * channels };

export const momentsPlanes: KernelSpec = {
  inputs: ["x"],
  cases: planesCases("channels", (shape) => {
    const room = () => doubles(shape.channels);
    const sizes = { ...sizesOf(shape), channelsPerTask: shape.by.channels };
    return { x: withFar(shape), ...sizes, mean: room(), m2: room() };
  }),
  reaches: (args, _input, index, _out, at) => channelOf(args, index) === at,
  cut: byChannels,
};

export const affinePlanes: KernelSpec = {
  inputs: ["x", "center", "scale", "shift"],
  cases: planesCases("planes", (shape) => {
    const sizes = { ...sizesOf(shape), planesPerTask: shape.by.planes };
    const coefficients = { center: center(shape), scale: coefficient(shape, 1), shift: coefficient(shape, 2) };
    return { x: values(shape), y: floats(sizeOf(shape)), ...sizes, ...coefficients };
  }),
  reaches: (args, input, index, _out, at) => (input === "x" ? index === at : index === channelOf(args, at)),
  cut: byPlanes,
};

export const gradSumsPlanes: KernelSpec = {
  inputs: ["x", "dy", "center"],
  cases: planesCases("channels", (shape) => {
    const dy = values({ ...shape, mean: 0 }, 1);
    const room = () => doubles(shape.channels);
    const sizes = { ...sizesOf(shape), channelsPerTask: shape.by.channels };
    return { x: values(shape), dy, ...sizes, center: center(shape), sumDy: room(), sumDyX: room() };
  }),
  reaches(args, input, index, out, at) {
    if (out === "sumDy" && input !== "dy") return false;
    return input === "center" ? index === at : channelOf(args, index) === at;
  },
  cut: byChannels,
};

export const gradInputPlanes: KernelSpec = {
  inputs: ["x", "dy", "center", "a", "b", "c"],
  cases: planesCases("planes", (shape) => {
    const dy = values({ ...shape, mean: 0 }, 1);
    const [a, b, c] = [1, 2, 3].map((i) => coefficient(shape, i));
    const sizes = { ...sizesOf(shape), planesPerTask: shape.by.planes };
    return { x: values(shape), dy, dx: floats(sizeOf(shape)), ...sizes, center: center(shape), a, b, c };
  }),
  reaches: (args, input, index, _out, at) =>
    input === "x" || input === "dy" ? index === at : index === channelOf(args, at),
  cut: byPlanes,
};
