/** The memory that networks for images take, where the buffers of a plan are used again. */
import { Dataset, type Layer, SGD, WasmDevice } from "batchnorm";
import { resnet } from "batchnorm/models";
import { expect, it } from "vitest";
import { Bound } from "#dist/plan/bound.js";
import { integers } from "../support/data.ts";
import { cpuOf, openTrainer } from "../support/training.ts";

/** What a model takes, bound to so many images of CIFAR-10's size, without its parameters. */
function megabytes(model: Layer, images: number, differentiable: boolean): number {
  const device = new WasmDevice();
  const nowhere = { region: device.allocate(0), offset: 0 };
  const homes = {
    parameter: () => ({ value: nowhere, grad: differentiable ? nowhere : null }),
    tensor: () => nowhere,
    counter: () => nowhere,
  };
  const gradients = differentiable ? "parameters" : "none";
  const wish = { gradients, evaluate: !differentiable, convolution: "fast", constant: false } as const;
  const bound = new Bound(model, [images, 32, 32, 3], { device, wish, homes });
  if (differentiable) {
    bound.outputGradient();
    bound.bindBackward();
  }
  return device.memory.top / 2 ** 20;
}

// 292 and 105 when this was written; some 800 for training when every value had its own gradient.
it("a ResNet-20 takes at most 320 MB to train on 128 images, 120 MB to evaluate 500", () => {
  expect(megabytes(resnet(), 128, true)).toBeLessThan(320);
  expect(megabytes(resnet(), 500, false)).toBeLessThan(120);
});

it("memory stays as it is while a network is trained and evaluated in turn", async () => {
  const trainer = openTrainer(resnet({ depth: 8, width: 4 }), { optimizer: new SGD({ lr: 0.01, momentum: 0.9 }) });
  const bytes = Uint8Array.from(integers(1, 50 * 8 * 8 * 3, 256));
  const data = new Dataset({ data: bytes, shape: [8, 8, 3], labels: integers(2, 50, 10), augment: { crop: 1 } });
  const after = async (steps: number) => {
    await trainer.fit(data, { untilStep: steps, batchSize: 16 });
    await trainer.evaluate(data, { batchSize: 30 });
    await trainer.predict(data, { batchSize: 30 });
    const { memory } = cpuOf(trainer);
    return [memory.top, memory.byteLength];
  };
  const before = await after(2);
  for (let steps = 3; steps <= 12; steps++) expect(await after(steps)).toEqual(before);
});

it("memory stays bounded while data sets come in batches of another size each time", async () => {
  const trainer = openTrainer(resnet({ depth: 8, width: 4 }));
  const bytes = Uint8Array.from(integers(1, 50 * 8 * 8 * 3, 256));
  const data = new Dataset({ data: bytes, shape: [8, 8, 3], labels: integers(2, 50, 10), mean: [1, 2, 3] });
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++)
      for (const batchSize of [50, 7, 31, 13, 22]) await trainer.predict(data, { batchSize });
    return cpuOf(trainer).memory.byteLength;
  };
  const before = await rounds(3);
  expect(await rounds(9)).toBe(before);
});
