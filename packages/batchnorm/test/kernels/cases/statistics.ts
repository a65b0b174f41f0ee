/** What batch norm does a channel, and what a loss adds up: kernels of one task. */
import { integers, normals, uniforms } from "../../support/data.ts";
import type { KernelCase, KernelSpec, Numbers } from "../../support/kernel.ts";
import { doubles, floats, labelled, SIZES } from "./sizes.ts";

const { NaN: NAN, POSITIVE_INFINITY: INFINITY } = Number;

/** float64 with more digits than a float32 has. */
function precise(seed: number, count: number, mean = 0, std = 1): Float64Array {
  const [coarse, fine] = [normals(seed, count, mean, std), normals(seed + 77, count, 0, 1e-9)];
  return Float64Array.from(coarse, (v, i) => v + std * fine[i]);
}

/** Not negative, with a 0 among them. */
function spreads(seed: number, count: number, most = 2): Float64Array {
  return Float64Array.from(uniforms(seed, count, 0, most), (v, i) => (i % 5 === 3 ? 0 : v));
}

/** The values with others in their place, where there is room: what no data gives but a run may meet. */
function withExtremes<A extends Float32Array | Float64Array>(values: A, extremes: readonly number[]): A {
  extremes.forEach((v, i) => {
    if (2 * i + 1 < values.length) values[2 * i + 1] = v;
  });
  return values;
}

const one = (value: number) => Float64Array.of(value);
/** An array that may be absent, present in every other case. */
const maybe = <T>(present: number, value: T): T | null => (present ? value : null);

/** [parts, channels], [2, channels] or [channels]: what is of one channel; of arrays of one number, all. */
function sameChannel(whole: readonly string[]): KernelSpec["reaches"] {
  return ({ channels }, input, index, _out, at) => whole.includes(input) || index % channels === at % channels;
}

function room(channels: number) {
  return { center: floats(channels), scale: floats(channels), shift: floats(channels) };
}

function affine(seed: number, channels: number, which: number): Pick<KernelCase["args"], "gamma" | "beta"> {
  const gamma = maybe(which & 1, normals(seed, channels, 1));
  return { gamma, beta: maybe(which >> 1, normals(seed + 1, channels)) };
}

/** Whether gamma and beta are there: neither, one, the other, both. */
const WHICH = [0, 1, 2, 3];

export const mergeMoments: KernelSpec = {
  inputs: ["partMean", "partM2"],
  *cases() {
    for (const channels of SIZES) {
      for (const [parts, rowsPerPart, last] of [
        [1, 7, 7],
        [2, 128, 1],
        [3, 5, 2],
        [31, 1, 1],
        [33, 4, 3],
      ]) {
        for (const mean of [0, 1e6]) {
          const seed = 100 * channels + parts;
          const partMean = precise(seed, parts * channels, mean);
          // A channel that is constant: all means alike.
          for (let i = 0; i < parts; i++) partMean[i * channels] = mean + 1 / 3;
          const partM2 = spreads(seed, parts * channels);
          const rows = (parts - 1) * rowsPerPart + last;
          const results = { mean: doubles(channels), m2: doubles(channels) };
          yield labelled({ partMean, partM2, parts, channels, rows, rowsPerPart, ...results }, 1);
        }
      }
    }
  },
  reaches: sameChannel([]),
  // Without shares to merge, the one part there is.
  inPlace: [
    ["mean", "partMean"],
    ["m2", "partM2"],
  ],
};

export const batchCoefficients: KernelSpec = {
  inputs: ["mean", "m2", "count", "eps", "gamma", "beta"],
  *cases() {
    for (const channels of SIZES) {
      for (const which of WHICH) {
        for (const [count, eps] of [
          [60, 1e-5],
          [1, 0],
        ]) {
          const seed = 100 * channels + which;
          // Squares beyond their range, and sums that rounding has made negative.
          const m2 = withExtremes(spreads(seed, channels, 100), [INFINITY, -1e-12, NAN, 1e300, -0]);
          const given = { mean: precise(seed, channels, 1e4), m2, count: one(count), eps: one(eps) };
          const results = { variance: doubles(channels), rstd: doubles(channels), ...room(channels) };
          yield labelled({ ...given, ...affine(seed, channels, which), channels, ...results }, 1);
        }
      }
    }
  },
  reaches: sameChannel(["count", "eps"]),
  inPlace: [["variance", "m2"]],
};

export const runningCoefficients: KernelSpec = {
  inputs: ["runningMean", "runningVar", "eps", "gamma", "beta"],
  *cases() {
    for (const channels of SIZES) {
      for (const which of WHICH) {
        for (const eps of [1e-3, 0]) {
          const seed = 100 * channels + which;
          const runningVar = withExtremes(Float32Array.from(spreads(seed, channels)), [INFINITY, NAN, 0, 1e-42]);
          const given = { runningMean: normals(seed, channels, 3), runningVar, eps: one(eps) };
          const results = { mean: doubles(channels), rstd: doubles(channels), ...room(channels) };
          yield labelled({ ...given, ...affine(seed, channels, which), channels, ...results }, 1);
        }
      }
    }
  },
  reaches: sameChannel(["eps"]),
};

export const trackStatistics: KernelSpec = {
  inputs: ["mean", "variance", "count", "momentum", "runningMean", "runningVar", "batches", "refused"],
  *cases() {
    for (const channels of SIZES) {
      for (const momentum of [0.1, 0, 1, NAN]) {
        for (const unbiased of [0, 1]) {
          // Of one value a channel there is no unbiased variance.
          for (const count of [60, 1]) {
            const seed = 100 * channels + count + unbiased;
            const mean = withExtremes(precise(seed, channels), [NAN, INFINITY, 1e39]);
            const variance = withExtremes(spreads(seed, channels), [1, 1, 1, INFINITY, NAN, 3.4e38]);
            const own = { runningMean: normals(seed, channels), runningVar: uniforms(seed, channels) };
            const refused = Float64Array.from({ length: channels }, (_, c) => c % 3);
            const numbers = { count: one(count), momentum: one(momentum), unbiased, channels };
            yield labelled({ mean, variance, ...numbers, ...own, batches: one(7), refused }, 1);
          }
        }
      }
    }
  },
  reaches: (args, input, index, out, at) =>
    out === "batches"
      ? input === "batches"
      : sameChannel(["count", "momentum", "batches"])(args, input, index, out, at),
};

export const mergeGradSums: KernelSpec = {
  inputs: ["sumDy", "sumDyX", "center", "mean", "rstd", "total"],
  *cases() {
    for (const channels of SIZES) {
      for (const parts of [1, 3, 4, 33]) {
        for (const which of WHICH) {
          // Without a total, a total that begins here, one that goes on.
          for (const [total, first] of [
            [0, 0],
            [1, 1],
            [1, 0],
          ]) {
            const seed = 1000 * channels + 10 * parts + which;
            const given = { sumDy: precise(seed, parts * channels), sumDyX: precise(seed + 1, parts * channels) };
            const mean = precise(seed + 2, channels, 100);
            const by = { center: Float32Array.from(mean), mean, rstd: spreads(seed + 3, channels) };
            const grads = { dgamma: maybe(which & 1, floats(channels)), dbeta: maybe(which >> 1, floats(channels)) };
            const sums = {
              sums: doubles(2 * channels),
              ...grads,
              total: maybe(total, precise(seed + 4, 2 * channels)),
            };
            yield labelled({ ...given, parts, channels, ...by, ...sums, first }, 1);
          }
        }
      }
    }
  },
  // What went into a total goes into what is made of it, and nowhere else.
  reaches: (args, input, index, out, at) =>
    (input !== "total" || out !== "sums") && sameChannel([])(args, input, index, out, at),
};

export const gradCoefficients: KernelSpec = {
  inputs: ["sums", "mean", "rstd", "count", "gamma", "center"],
  *cases() {
    for (const channels of SIZES) {
      for (const which of WHICH) {
        for (const count of [1, 60]) {
          const seed = 100 * channels + which;
          const mean = precise(seed, channels, 1e4);
          // Of constant statistics only the first is wanted.
          const depends = which >> 1;
          const gamma = maybe(which & 1, normals(seed + 2, channels, 1));
          const given = { sums: maybe(depends, precise(seed + 1, 2 * channels)), mean, rstd: spreads(seed, channels) };
          const by = { count: one(count), gamma, center: Float32Array.from(mean), channels };
          const [b, c] = [maybe(depends, floats(channels)), maybe(depends, floats(channels))];
          yield labelled({ ...given, ...by, a: floats(channels), b, c }, 1);
        }
      }
    }
  },
  reaches: sameChannel(["count"]),
};

export const tally: KernelSpec = {
  inputs: ["loss", "divisor", "weight"],
  // Its sums over several calls go on from what they were.
  apart: ["result"],
  *cases() {
    for (const losses of SIZES) {
      for (const rows of [0, 1, 5, 33]) {
        const correct = rows ? integers(rows, rows, 2) : null;
        const numbers = { divisor: one(rows || losses), weight: one(losses) };
        const result = Float64Array.of(NAN, NAN, 1.5, 4);
        yield labelled({ loss: precise(losses, losses), correct, losses, rows, ...numbers, result }, 1);
      }
    }
  },
  reaches: (_args: Numbers, input, _index, _out, at) => (input === "weight" ? at === 2 : at === 0 || at === 2),
};
