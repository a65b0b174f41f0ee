/** The errors of both ways to convolve, on the inputs of the table in docs/kernels.md, where they are bounded. */
import { Conv2d, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { largest, largestDifference, normals } from "../support/data.ts";
import { devices, Runs, type TestedDevice } from "../support/devices.ts";

/** [n, h, w, channels in, channels out] */
const shapes = [
  [4, 16, 16, 16, 16],
  [2, 9, 7, 16, 24],
  [2, 8, 8, 64, 64],
  [1, 6, 6, 200, 256],
] as const;
type Shape = (typeof shapes)[number];
/** The pixel of the first image that is far from all others in one of the inputs. */
const [ROW, COLUMN] = [2, 2];
const FAR = 1e6;

const inputs = {
  "N(0, 1)": (x: Float32Array) => x,
  "N(0, 1) after a ReLU": (x: Float32Array) => x.map((v) => Math.max(v, 0)),
  "N(0, 1) with a pixel of 1e6": (x: Float32Array, [, , w, ci]: Shape) => {
    const at = (ROW * w + COLUMN) * ci;
    return x.map((v, i) => (i >= at && i < at + ci ? FAR : v));
  },
};

/** What a 3×3 convolution gives, forward and backward. */
async function run(name: TestedDevice, convolution: "fast" | "accurate", x: Float32Array, [n, h, w, ci, co]: Shape) {
  const runs = new Runs(devices[name](), convolution);
  const conv = new Conv2d(ci, co, 3, { padding: 1, bias: false });
  conv.weight.data.set(normals(3, 9 * ci * co, 0, Math.sqrt(2 / (9 * ci))));
  const y = await runs.forward(conv, tensor(x, [n, h, w, ci]));
  const dx = await runs.backward(conv, tensor(normals(4, y.size), y.shape));
  runs.clear();
  runs.device.close();
  return { y: y.data, dx: dx.data, dW: conv.weight.grad!.data };
}

const ways = [
  ["fast", { y: 2e-5, dx: 1e-5, dW: 2e-5 }],
  ["accurate", { y: 2e-6, dx: 2e-6, dW: 1e-6 }],
] as const;

describe.each(Object.entries(inputs))("%s", (_, inputOf) => {
  const right = Promise.all(
    shapes.map(async (shape) => {
      const [n, h, w, ci] = shape;
      const x = inputOf(normals(1, n * h * w * ci), shape);
      return { shape, x, want: await run("reference", "accurate", x, shape) };
    }),
  );

  test.each(ways)("is within the bounds of the %s way, as shares of the largest value", async (convolution, bounds) => {
    for (const { shape, x, want } of await right) {
      for (const build of ["simd", "relaxed"] as const) {
        const got = await run(build, convolution, x, shape);
        for (const name of ["y", "dx", "dW"] as const) {
          const error = largestDifference(got[name], want[name]) / largest(want[name]);
          expect(error, `${name} of ${shape}, ${build}`).toBeLessThanOrEqual(bounds[name]);
        }
      }
    }
  });
});

test("a pixel of 1e6 moves outputs that it does not reach by at most 1e-5 of it, within its tiles, and not at all when accurate", async () => {
  for (const shape of shapes) {
    const [n, h, w, ci, co] = shape;
    const plain = normals(1, n * h * w * ci);
    const far = inputs["N(0, 1) with a pixel of 1e6"](plain, shape);
    const unreached = (_: number, i: number) => {
      const pixel = Math.floor(i / co);
      const [row, column] = [Math.floor(pixel / w) % h, pixel % w];
      return pixel >= h * w || Math.abs(row - ROW) > 1 || Math.abs(column - COLUMN) > 1;
    };
    for (const [convolution, most] of [
      ["fast", 1e-5 * FAR],
      ["accurate", 0],
    ] as const) {
      const [before, after] = await Promise.all(
        [plain, far].map(async (x) => (await run("simd", convolution, x, shape)).y.filter(unreached)),
      );
      expect(largestDifference(before, after), `${convolution}, ${shape}`).toBeLessThanOrEqual(most);
    }
  }
});
