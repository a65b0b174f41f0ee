/** Matrices deeper and wider than one go of the kernel takes: see DEPTH in assembly/gemm.ts. */
import { WasmDevice } from "batchnorm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gemm } from "#dist/ops/linear.js";
import { Scene } from "#dist/plan/scene.js";
import { largestDifference, normals, sameBytes } from "../support/data.ts";
import { started } from "../support/pool.ts";

const builds = ["simd", "relaxed"] as const;
const devices = builds.map((build) => [1, 2, 3].map((threads) => new WasmDevice({ build, threads })));
beforeAll(() => Promise.all(devices.flat().map(started)));
afterAll(() => devices.flat().forEach((device) => void device.close()));

interface Problem {
  m: number;
  n: number;
  k: number;
  transposeA: 0 | 1;
  transposeB: 0 | 1;
  bias: Float32Array | null;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Through the op, which decides how the work is cut. `a` is [m, k] and `b` is [k, n]: they are stored as asked. */
function multiply(device: WasmDevice, a: Float32Array, b: Float32Array, problem: Problem): Float32Array {
  const { m, n, k, transposeA, transposeB, bias } = problem;
  const scene = new Scene(device);
  const atA = scene.place(transposeA ? transposed(a, m, k) : a);
  const atB = scene.place(transposeB ? transposed(b, k, n) : b);
  const atBias = bias && scene.place(bias);
  const atC = scene.words(m * n);
  gemm(scene, { a: atA, b: atB, c: atC, bias: atBias, m, n, k, transposeA, transposeB });
  scene.run();
  const c = scene.floats(atC, m * n);
  scene.release();
  return c;
}

function exact(a: Float32Array, b: Float32Array, { m, n, k, bias }: Problem): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + l] * b[l * n + j];
    for (let j = 0; j < n; j++) c[i * n + j] += bias?.[j] ?? 0;
  }
  return c;
}

const shapes = [
  [1, 1, 401],
  [2, 7, 255],
  [3, 9, 256],
  [5, 65, 257],
  [4, 64, 399],
  [6, 72, 400],
  [7, 73, 801],
  [33, 8, 1000],
  [61, 200, 785],
  [130, 33, 403],
];
const transposes = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

describe.each(shapes)("%d × %d, %d deep", (m, n, k) => {
  const [a, b] = [normals(m, m * k), normals(500 + n, k * n)];

  test.each(transposes)(
    "is the product, with A transposed %d and B transposed %d, the same bits on 1, 2 and 3 threads",
    (transposeA, transposeB) => {
      for (const bias of [null, normals(k, n)]) {
        const problem = { m, n, k, transposeA, transposeB, bias };
        const want = exact(a, b, problem);
        for (const [one, ...others] of devices) {
          const c = multiply(one, a, b, problem);
          expect(largestDifference(c, want)).toBeLessThan(2e-7 * k);
          for (const device of others) expect(sameBytes(multiply(device, a, b, problem), c)).toBe(true);
        }
      }
    },
  );
});

test.each(builds)("transposing an operand where it is stored changes no bit in the %s build", (build) => {
  const device = devices[builds.indexOf(build)][0];
  const shape = { m: 37, n: 75, k: 500, bias: normals(1, 75) };
  const [a, b] = [normals(2, 37 * 500), normals(3, 500 * 75)];
  const [first, ...others] = transposes.map(([transposeA, transposeB]) =>
    multiply(device, a, b, { ...shape, transposeA, transposeB }),
  );
  for (const other of others) expect(sameBytes(other, first)).toBe(true);
});
