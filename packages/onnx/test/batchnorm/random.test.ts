/** Random batch norms: the library gives what onnxruntime gives, and is nearer to what is exact. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { drawn } from "../support/batchnorm.ts";
import { bounds, measure } from "../support/distance.ts";

/** Those at which BatchNormalization changed, and the newest that onnxruntime takes. */
const OPSETS = [7, 9, 14, 15, 26];
const FIRST_TRAINING_OPSET = 14;

const size = (max: number) => fc.integer({ min: 1, max });
const shape = fc.oneof(
  fc.tuple(size(300), size(17)),
  fc.tuple(size(9), size(17), size(300)),
  fc.tuple(size(9), size(17), size(9), size(9)),
  fc.tuple(size(5), size(17), size(5), size(5), size(5)),
);
const eps = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -7, max: -1, noNaN: true }).map((power) => 10 ** power) },
  { weight: 1, arbitrary: fc.constant(0.9) },
);
const values = fc.constantFrom(
  { center: 0, spread: 1 },
  { center: 3, spread: 0.5 },
  { center: -40, spread: 20 },
  { center: 0.1, spread: 0.1 },
);

/** All but the values, which are drawn from a seed. */
const kind = (opsets: readonly number[]) =>
  fc.record({
    shape,
    values,
    seed: fc.nat(),
    opset: fc.constantFrom(...opsets),
    eps: eps.map(Math.fround),
    momentum: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)).map(Math.fround),
  });

test.each([
  { type: "float32", training: false, numRuns: 100 },
  { type: "float16", training: false, numRuns: 40 },
  { type: "float32", training: true, numRuns: 100 },
  { type: "float16", training: true, numRuns: 40 },
] as const)("$type, training: $training", async ({ type, training, numRuns }) => {
  const { exact, runtime } = bounds[training ? "training" : "inference"];
  const opsets = OPSETS.filter((opset) => !training || opset >= FIRST_TRAINING_OPSET);
  const worst = { library: 0, runtime: 0, apart: 0 };
  await fc.assert(
    fc.asyncProperty(kind(opsets), async ({ shape, values, seed, ...rest }) => {
      const norm = { ...rest, ...drawn({ shape, seed, type, ...values }) };
      // One value a channel has no variance: the library refuses it.
      fc.pre(!training || norm.x.length > norm.gamma.length);
      const distances = await measure(norm, training, type);
      for (const name of ["library", "runtime", "apart"] as const) {
        worst[name] = Math.max(worst[name], ...distances[name]);
      }
      expect(Math.max(...distances.library)).toBeLessThanOrEqual(exact);
      expect(Math.max(...distances.apart)).toBeLessThanOrEqual(runtime);
    }),
    { numRuns, seed: 21 },
  );
  // What rounding to float16 hides of onnxruntime's error is not known.
  if (type === "float32") expect(worst.library).toBeLessThanOrEqual(worst.runtime);
  // The bounds say something: an eighth of them would not do.
  expect(worst.library).toBeGreaterThan(exact / 8);
});
