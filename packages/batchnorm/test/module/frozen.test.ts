/** Parameters that are not trained: no gradient for them, and nothing computed backwards below the lowest that is. */
import { BatchNorm, Conv2d, Flatten, type Layer, Linear, manualSeed, Residual, Sequential, SGD, Tanh } from "batchnorm";
import { describe, expect, it } from "vitest";
import { Bound } from "#dist/plan/bound.js";
import { devices, onEveryDevice } from "../support/devices.ts";
import { Kept } from "../support/homes.ts";
import { expectSame, gaussianTensor } from "../support/layers.ts";
import { openTrainer } from "../support/training.ts";

/** One of each kind that has parameters, a batch norm of planes too. */
function network(): Sequential {
  manualSeed(1);
  const block = new Residual(new Sequential(new Conv2d(4, 4, 3, { padding: 1 }), new BatchNorm(4)));
  return new Sequential(
    new Conv2d(3, 4, 3),
    new BatchNorm(3, { axis: 1 }),
    new Tanh(),
    block,
    new Flatten(),
    new Linear(36, 5),
  );
}

const x = gaussianTensor(1, [6, 5, 5, 3]);
const dy = gaussianTensor(2, [6, 5]);
const names = network()
  .namedParameters()
  .map(([name]) => name);

function freeze(model: Layer, frozen: (name: string) => boolean): void {
  for (const [name, parameter] of model.namedParameters()) parameter.trainable = !frozen(name);
}

const choices: [string, (name: string) => boolean][] = [
  ...names.map((one): [string, (name: string) => boolean] => [one, (name) => name === one]),
  ["all weights", (name) => name.endsWith("weight")],
  ["all biases", (name) => name.endsWith("bias")],
  ["everything", () => true],
];

onEveryDevice((run) => {
  it.each(choices)("%s without a gradient, the others with theirs, and the input's as ever", async (_, frozen) => {
    const [model, free] = [network(), network()];
    freeze(model, frozen);
    expectSame((await run.forward(model, x)).data, (await run.forward(free, x)).data);
    expectSame((await run.backward(model, dy)).data, (await run.backward(free, dy)).data);
    const want = new Map(free.namedParameters());
    for (const [name, { grad }] of model.namedParameters()) {
      if (frozen(name)) expect(grad, name).toBeNull();
      else expectSame(grad!.data, want.get(name)!.grad!.data, name);
    }
  });

  it("one that is let go again has its gradient from the next call on", async () => {
    const [model, free] = [network(), network()];
    freeze(model, () => true);
    await run.forward(model, x);
    await run.backward(model, dy);
    freeze(model, () => false);
    await run.forward(model, x);
    await run.backward(model, dy);
    await run.forward(free, x);
    await run.backward(free, dy);
    for (const [i, { grad }] of model.parameters().entries()) expectSame(grad!.data, free.parameters()[i].grad!.data);
  });
});

describe("in a trainer", () => {
  it.each(choices.slice(0, -1))("%s stay as they are, and the others learn", async (_, frozen) => {
    const model = network();
    freeze(model, frozen);
    const before = model.parameters().map(({ data }) => data.slice());
    const trainer = openTrainer(model, { optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 0.01 }) });
    for (let i = 0; i < 2; i++) await trainer.step(x, [0, 1, 2, 3, 4, 0]);
    for (const [i, [name, { data }]] of model.namedParameters().entries()) {
      expect(String(data) === String(before[i]), name).toBe(frozen(name));
    }
  });
});

describe("the backward pass", () => {
  const device = devices.simd();

  /** Commands of a backward pass for parameters alone, and the bytes of all buffers. */
  function backward(frozen: (name: string) => boolean): { commands: number; kernels: string[]; bytes: number } {
    const model = network();
    freeze(model, frozen);
    const homes = new Kept(device, model);
    const wish = { gradients: "parameters", evaluate: false, convolution: "accurate", constant: false } as const;
    const bound = new Bound(model, x.shape, { device, wish, homes });
    bound.outputGradient();
    expect(bound.bindBackward()).toBeNull();
    const kernels = bound.backward.map((step) => ("kernel" in step ? step.kernel : "a point"));
    const result = { commands: kernels.length, kernels, bytes: bound.arena.bytes };
    bound.release();
    homes.free();
    return result;
  }

  it("ends at the lowest parameter that is trained", () => {
    const all = backward(() => false);
    const upper = backward((name) => !name.startsWith("5."));
    const none = backward(() => true);
    expect(upper.kernels).toEqual(["gemm", "sumRows"]);
    expect(none.commands).toBe(0);
    expect(upper.commands).toBeLessThan(all.commands);
    expect(upper.bytes).toBeLessThan(all.bytes);
  });

  it("does not come to the input, and leaves out what is frozen on the way", () => {
    const all = backward(() => false);
    const withoutFirst = backward((name) => name.startsWith("0."));
    const lost = all.kernels.filter((kernel) => kernel.startsWith("convGrad")).length;
    expect(withoutFirst.kernels.filter((kernel) => kernel.startsWith("convGrad")).length).toBeLessThan(lost);
    // The batch norm after it has no more to pass on.
    expect(all.kernels).toContain("gradInputPlanes");
    expect(withoutFirst.kernels).not.toContain("gradInputPlanes");
  });
});
