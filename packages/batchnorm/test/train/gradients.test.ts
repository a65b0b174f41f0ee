/** When gradients are added up: while the backward pass still runs, in pieces of at least 1 MB, each gradient once. */
import { BatchNorm, Linear, Sequential, SGD, type Shards, synchronize, Trainer } from "batchnorm";
import { expect, it, onTestFinished } from "vitest";
import { gaussianTensor } from "../support/layers.ts";

/** One rank that writes down what it is asked for. */
function recorder(): { shards: Shards; asked: string[] } {
  const asked: string[] = [];
  const shards: Shards = {
    rank: 0,
    size: 1,
    gather: (values) => values,
    sum(values) {
      asked.push(`sum of ${values.length}`);
      return { wait: () => asked.push(`${values.length} are there`) };
    },
    broadcast() {},
    agree() {},
  };
  return { shards, asked };
}

it("begins with the last layers while the first have none yet", async () => {
  const { shards, asked } = recorder();
  const unused = new Linear(16, 16, { bias: false });
  const model = new Sequential(
    new Linear(512, 520, { bias: false }),
    new BatchNorm(520, { affine: false }),
    new Linear(520, 528, { bias: false }),
    new Linear(528, 16, { bias: false }),
  );
  synchronize(model, shards);
  // A layer of the model that no batch goes through has a gradient of zeros, and its place in a sum.
  model.children = () => [...model.layers.entries(), [4, unused] as const].map(([i, layer]) => [String(i), layer]);
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), shards });
  onTestFinished(() => trainer.close());
  asked.length = 0;
  await trainer.step(gaussianTensor(1, [4, 512]), [0, 1, 2, 3]);
  // Loss and correct answers; statistics; the last three layers together, then the first.
  expect(asked).toEqual([
    "sum of 3",
    "sum of 1040",
    "1040 are there",
    `sum of ${512 * 520}`,
    `sum of ${520 * 528 + 528 * 16 + 16 * 16}`,
    `${512 * 520} are there`,
    `${520 * 528 + 528 * 16 + 16 * 16} are there`,
    "3 are there",
  ]);
});

it("begins each piece as soon as its last gradient is there", async () => {
  const { shards, asked } = recorder();
  const model = new Sequential(
    new Linear(16, 520, { bias: false }),
    new BatchNorm(520, { affine: false }),
    new Linear(520, 528, { bias: false }),
  );
  synchronize(model, shards);
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), shards });
  onTestFinished(() => trainer.close());
  asked.length = 0;
  await trainer.step(gaussianTensor(1, [4, 16]), [0, 1, 2, 3]);
  expect(asked.slice(0, 4)).toEqual(["sum of 3", `sum of ${520 * 528}`, "sum of 1040", "1040 are there"]);
});
