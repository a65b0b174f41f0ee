/** Against PyTorch's batch norm, computed in float64: sequences of calls on one layer. */
import { BatchNorm, type Tensor, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { type Packed, unpack } from "../support/conformance.ts";
import { largest, largestDifference } from "../support/data.ts";
import { onEveryDevice, type Runs } from "../support/devices.ts";
import { channelsLast } from "../support/layers.ts";

interface Result extends Packed {
  /** How far PyTorch's own float32 run was off. */
  f32err?: number;
}
interface Step {
  mode: "train" | "eval";
  input: Packed;
  gradOutput: Packed;
  output: Result;
  gradInput: Result;
  gradWeight?: Result;
  gradBias?: Result;
  runningMean?: Result;
  runningVar?: Result;
  numBatchesTracked?: number;
}
interface Case {
  config: { numFeatures: number; eps: number; momentum: number | null; affine: boolean; trackRunningStats: boolean };
  weight?: Packed;
  bias?: Packed;
  steps: Step[];
}

const files = import.meta.glob<Case>("../conformance/layer/*.json", { eager: true, import: "default" });
const cases = Object.entries(files).map(([path, one]) => [path.replace(/.*\/|\.json$/g, ""), one] as const);

/** How a case's arrays, which have their channels on axis 1, are laid out for the layer. */
interface Form {
  axis: number;
  shape(shape: number[]): number[];
  values(values: Float64Array, shape: number[]): ArrayLike<number>;
}
const channelsSecond: Form = { axis: 1, shape: (shape) => shape, values: (values) => values };
const channelsAtEnd: Form = {
  axis: -1,
  shape: ([n, c, ...space]) => [n, ...space, c],
  values: (values, [outer, channels, ...space]) =>
    channelsLast(values, { outer, channels, inner: space.reduce((a, b) => a * b, 1) }),
};

function expectWithin(got: Tensor | null | undefined, want: Result | undefined, form: Form | null, what: string): void {
  if (!want) return;
  const { data } = unpack(want);
  const exact = form ? form.values(data, want.shape) : data;
  const bound = Math.max(2 * (want.f32err ?? 0), 1e-6 * largest(exact));
  expect(got?.shape, what).toEqual(form ? form.shape(want.shape) : want.shape);
  expect(largestDifference(got!.data, exact), what).toBeLessThanOrEqual(bound);
}

async function replay(run: Runs, { config, weight, bias, steps }: Case, form: Form): Promise<void> {
  const { numFeatures, ...options } = config;
  const bn = new BatchNorm(numFeatures, { ...options, axis: form.axis });
  if (weight) bn.weight?.data.set(unpack(weight).data);
  if (bias) bn.bias?.data.set(unpack(bias).data);
  const tensorOf = (packed: Packed) => tensor(form.values(unpack(packed).data, packed.shape), form.shape(packed.shape));
  for (const [i, step] of steps.entries()) {
    const what = (array: string) => `${array} of call ${i}, ${step.mode}`;
    if (step.mode === "train") bn.train();
    else bn.eval();
    expectWithin(await run.forward(bn, tensorOf(step.input)), step.output, form, what("output"));
    bn.zeroGrad();
    expectWithin(await run.backward(bn, tensorOf(step.gradOutput)), step.gradInput, form, what("gradInput"));
    expectWithin(bn.weight?.grad, step.gradWeight, null, what("gradWeight"));
    expectWithin(bn.bias?.grad, step.gradBias, null, what("gradBias"));
    expectWithin(bn.runningMean, step.runningMean, null, what("runningMean"));
    expectWithin(bn.runningVar, step.runningVar, null, what("runningVar"));
    expect(bn.numBatchesTracked ?? undefined, what("numBatchesTracked")).toBe(step.numBatchesTracked);
  }
}

test("all cases are there, and some of each kind", () => {
  expect(cases.length).toBeGreaterThanOrEqual(18);
  const steps = cases.flatMap(([, one]) => one.steps);
  for (const mode of ["train", "eval"]) expect(steps.some((step) => step.mode === mode)).toBe(true);
  for (const rank of [2, 3, 4, 5]) expect(steps.some(({ input }) => input.shape.length === rank)).toBe(true);
});

onEveryDevice((run) => {
  describe.each(cases)("%s", (_name, one) => {
    test("gives what PyTorch gives, channels second", () => replay(run, one, channelsSecond));
    test("gives what PyTorch gives, channels last", () => replay(run, one, channelsAtEnd));
  });
});
