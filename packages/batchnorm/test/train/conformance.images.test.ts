/** Whole training runs of small image networks against PyTorch's, computed in float64. */
import {
  BatchNorm,
  Concat,
  Conv2d,
  channelsLast,
  type Device,
  GlobalAveragePool,
  type Layer,
  Linear,
  MaxPool2d,
  ReLU,
  Residual,
  Sequential,
  SGD,
  tensor,
  WasmDevice,
} from "batchnorm";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Packed, trainingRun, unpack } from "../support/conformance.ts";
import { largest, largestDifference } from "../support/data.ts";
import { devices } from "../support/devices.ts";
import { openTrainer } from "../support/training.ts";

const images = (packed: Packed) => channelsLast(tensor(unpack(packed).data, packed.shape));

const unit = (from: number, to: number, kernel: number, padding = 0, stride = 1): Layer[] => [
  new Conv2d(from, to, kernel, { padding, stride, bias: false }),
  new BatchNorm(to),
  new ReLU(),
];

function residual(from: number, to: number, stride: number): Sequential {
  const main = new Sequential(...unit(from, to, 3, 1, stride), ...unit(to, to, 3, 1).slice(0, 2));
  const shortcut = stride > 1 ? new Sequential(...unit(from, to, 1, 0, stride).slice(0, 2)) : null;
  return new Sequential(new Residual(main, shortcut), new ReLU());
}

const towers = (from: number) =>
  new Concat(
    new Sequential(...unit(from, 6, 1)),
    new Sequential(...unit(from, 5, 3, 1)),
    new Sequential(new MaxPool2d(3, { stride: 1, padding: 1 }), ...unit(from, 4, 1)),
  );

/** The networks, and how their names become PyTorch's. */
const networks = {
  "resnet-tiny": {
    make: () =>
      new Sequential(
        ...unit(3, 8, 3, 1),
        residual(8, 8, 1),
        residual(8, 16, 2),
        new GlobalAveragePool(),
        new Linear(16, 5),
      ),
    rename: (name: string) =>
      name
        .replace(/0\.main\.(\d)/, (_, i) => ["conv1", "bn1", "relu", "conv2", "bn2"][Number(i)])
        .replace("0.shortcut", "down")
        .replace(/^6\./, "7."),
  },
  "inception-tiny": {
    make: () =>
      new Sequential(
        ...unit(3, 8, 3, 1),
        new MaxPool2d(2),
        towers(8),
        towers(15),
        new GlobalAveragePool(),
        new Linear(15, 5),
      ),
    rename: (name: string) =>
      name.replace(/^([45])\.(\d)/, (_, module, tower) => `${module}.${"abc"[tower]}`).replace(/^7\./, "8."),
  },
};

/** Every device, and the CPU's builds on two threads. */
const places: Record<string, () => Device> = {
  ...devices,
  "simd, two threads": () => new WasmDevice({ build: "simd", threads: 2 }),
  "relaxed, two threads": () => new WasmDevice({ build: "relaxed", threads: 2 }),
};

describe.each(Object.entries(places))("on %s", (_name, open) => {
  it.each(Object.entries(networks))("%s trains as PyTorch does", async (name, { make, rename }) => {
    const run = trainingRun(name);
    const { kind: _, ...options } = run.optimizer;
    const model = make();
    const names = Object.keys(model.stateDict());
    expect(names.map(rename).sort()).toEqual(Object.keys(run.initial).sort());
    model.loadStateDict(Object.fromEntries(names.map((key) => [key, unpack(run.initial[rename(key)])])));
    const device = open();
    onTestFinished(() => device.close());
    const trainer = openTrainer(model, { optimizer: new SGD(options), device });

    expect(run.steps.length).toBeGreaterThan(0);
    for (const { input, labels, loss } of run.steps) {
      expect(Math.abs((await trainer.step(images(input), labels)).loss / loss - 1)).toBeLessThanOrEqual(1e-4);
    }
    await trainer.synchronize();
    for (const [key, { data }] of Object.entries(model.stateDict())) {
      const want = unpack(run.final[rename(key)]).data;
      expect(largestDifference(data, want), key).toBeLessThanOrEqual(1e-4 * largest(want));
    }
    const logits = unpack(run.eval.logits).data;
    const given = (await trainer.predict(images(run.eval.input))).data;
    expect(largestDifference(given, logits)).toBeLessThanOrEqual(1e-4 * largest(logits));
  });
});
