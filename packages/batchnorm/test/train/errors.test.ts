/** Bad input to training: a code, words that say what to do, and a trainer that is as it was. */
import {
  Adam,
  cosine,
  exponentialDecay,
  Linear,
  meanSquaredError,
  ones,
  randn,
  Sequential,
  SGD,
  Sigmoid,
  stepDecay,
  Trainer,
  type TrainerOptions,
  tensor,
  warmup,
  zeros,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { builds } from "../support/builds.ts";
import { sameBytes } from "../support/data.ts";
import { refuses } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, stateBits } from "../support/training.ts";

const x = randn([6, 6], { seed: 1 });
const labels = [0, 1, 2, 0, 1, 2];

/** That a call is refused and nothing of the trainer has changed. */
async function refusedBy(
  trainer: Trainer,
  call: () => unknown,
  ...expected: Parameters<typeof refuses> extends [unknown, ...infer R] ? R : never
) {
  const before = await trainer.save();
  refuses(call, ...expected);
  expect(sameBytes(await trainer.save(), before)).toBe(true);
}

async function refusesToFit(trainer: Trainer, options: object, code: string, ...words: string[]) {
  const data = smallDataset();
  const fit = trainer.fit(data, { batchSize: 8, ...options });
  const message = expect.stringMatching(words.map((word) => word.replace(/[()[\]]/g, "\\$&")).join(".*"));
  (await expect(fit)).rejects.toMatchObject({ code, message });
}

describe("step", () => {
  it("refuses labels out of range, and says which", () => {
    const trainer = openTrainer(smallNetwork());
    for (const wrong of [-1, 3, 1.5, Number.NaN]) {
      const given = [0, 1, 2, 0, wrong, 2];
      refusedBy(trainer, () => trainer.step(x, given), "E_LABEL", "from 0 to 2", `got ${wrong} at example 4`);
    }
  });

  it("refuses another number of labels", () => {
    const trainer = openTrainer(smallNetwork());
    for (const count of [0, 5, 7]) {
      refusedBy(trainer, () => trainer.step(x, new Int32Array(count)), "E_SHAPE", "6 labels", `got ${count}`);
    }
    refusedBy(trainer, () => trainer.step(x, undefined as never), "E_SHAPE", "6 labels", "got undefined");
  });

  it("refuses another number of values, with a squared error", () => {
    const trainer = openTrainer(smallNetwork(), { loss: meanSquaredError() });
    refusedBy(trainer, () => trainer.step(x, labels), "E_SHAPE", "[meanSquaredError]", "18 target values, got 6");
  });

  it("refuses a shape that the model does not take", () => {
    const trainer = openTrainer(smallNetwork());
    refusedBy(trainer, () => trainer.step(ones([6, 5]), labels), "E_SHAPE", "[Linear]", "6 features", "[6, 5]");
    refusedBy(trainer, () => trainer.step(ones([2, 3, 6]), labels), "E_SHAPE", "[crossEntropy]", "logits [N, classes]");
  });

  it("refuses an empty batch, and a batch of one where there is batch norm", async () => {
    const trainer = openTrainer(smallNetwork());
    refusedBy(trainer, () => trainer.step(zeros([0, 6]), []), "E_BATCH", "[Trainer.step]", "[0, 6]");
    refusedBy(
      trainer,
      () => trainer.step(ones([1, 6]), [0]),
      "E_BATCH",
      "[BatchNorm]",
      "leave out a last batch of one",
    );
    expect((await trainer.predict(ones([1, 6]))).shape).toEqual([1, 3]);
  });

  it("refuses a plain array, and says how to make a tensor", () => {
    const trainer = openTrainer(smallNetwork());
    const rows = [[1, 2, 3, 4, 5, 6]] as never;
    refusedBy(trainer, () => trainer.step(rows, [0]), "E_SHAPE", "[Trainer.step]", "tensor(data, shape)", "an array");
    refusedBy(trainer, () => trainer.predict(rows), "E_SHAPE", "[Trainer.predict]", "tensor(data, shape)");
  });

  it("goes on after a refusal as if there had been none", async () => {
    const trainer = openTrainer(smallNetwork());
    const other = openTrainer(smallNetwork());
    await rejects(() => trainer.step(x, [0, 1, 2, 0, 1, 9]), "E_LABEL");
    await rejects(() => trainer.step(ones([1, 6]), [0]), "E_BATCH");
    expect(await trainer.step(x, labels)).toEqual(await other.step(x, labels));
  });

  it("takes batches of changing shapes", async () => {
    const trainer = openTrainer(new Sequential(new Linear(6, 3)));
    const bits = new Set([stateBits(trainer.model)]);
    for (const n of [6, 3, 1, 12, 6, 40, 3, 1]) {
      await trainer.step(randn([n, 6], { seed: n }), new Int32Array(n));
      bits.add(stateBits(trainer.model));
    }
    expect(bits.size).toBe(9);
  });
});

describe("a run that has diverged", () => {
  it.each(builds)("reports NaN or Infinity as its loss and does not throw, on %s", (build) => {
    const make = (options: Partial<TrainerOptions>) =>
      openTrainer(new Sequential(new Linear(6, 3)), { build, ...options });
    const target = new Float32Array(18);
    const squares = make({ loss: meanSquaredError(), optimizer: new SGD({ lr: 1e20 }) });
    for (let i = 0; i < 3; i++) squares.step(x, target);
    expect(Number.isFinite(squares.step(x, target).loss)).toBe(false);

    const classes = make({});
    classes.step(tensor(x.data.with(0, Number.NaN), [6, 6]), labels);
    expect(classes.step(x, labels).loss).toBeNaN();
  });
});

describe("fit", () => {
  it("refuses neither or both of steps and epochs, or what is no number of them", async () => {
    const trainer = openTrainer(smallNetwork());
    await refusesToFit(trainer, {}, "E_VALUE", "steps or epochs, one of them");
    await refusesToFit(trainer, { steps: 1, epochs: 1 }, "E_VALUE", "steps or epochs, one of them");
    await refusesToFit(trainer, { steps: Number.NaN }, "E_VALUE", "at least 0, got NaN");
    await refusesToFit(trainer, { epochs: -1 }, "E_VALUE", "at least 0, got -1");
    await refusesToFit(trainer, { steps: 1, every: 0 }, "E_VALUE", "positive number of steps, got 0");
  });

  it("refuses a batch size that the data cannot fill", async () => {
    const trainer = openTrainer(smallNetwork());
    for (const batchSize of [0, -1, 1.5, 51, Number.NaN]) {
      await refusesToFit(trainer, { steps: 1, batchSize }, "E_BATCH", "from 1 to the number of examples (50)", "got");
    }
    expect(() => trainer.evaluate(smallDataset(), { batchSize: 0 })).toThrow("positive batch size, got 0");
  });

  it("refuses labels that the model has no class for", async () => {
    const trainer = openTrainer(smallNetwork({ classes: 2 }));
    await refusesToFit(trainer, { steps: 9 }, "E_LABEL", "from 0 to 1, got 2");
    await rejects(() => trainer.evaluate(smallDataset()), "E_LABEL", "from 0 to 1, got 2");
  });
});

describe("a trainer", () => {
  const make = (options: Partial<TrainerOptions>) => () =>
    new Trainer(smallNetwork(), { optimizer: new SGD({ lr: 1 }), ...options });

  it("refuses a number of threads that cannot be", () => {
    for (const threads of [0, -1, 1.5, 65, Number.NaN, "2"]) {
      refuses(make({ threads: threads as number }), "E_VALUE", "threads from 1 to 64", `got ${threads}`);
    }
  });

  it("refuses a promise it does not know", () => {
    refuses(make({ deterministic: "always" as "everywhere" }), "E_VALUE", '"per-machine" or "everywhere"', "always");
  });

  it("refuses to be without an optimizer", () => {
    refuses(make({ optimizer: undefined as never }), "E_VALUE", "an optimizer, such as new SGD");
  });

  it("refuses a model that another one holds, until that is closed", async () => {
    const model = smallNetwork();
    const first = openTrainer(model);
    refuses(() => openTrainer(model), "E_STATE", "no other trainer holds: close() the other one first");
    refuses(() => openTrainer(new Sequential(model.layers[4])), "E_STATE", "close() the other one first");
    await first.step(x, labels);
    first.close();
    (await openTrainer(model)).step(x, labels);
  });

  it("refuses a model without parameters", () => {
    refuses(() => openTrainer(new Sequential(new Sigmoid())), "E_VALUE", "a model with parameters");
  });

  it("refuses everything once it is closed, and can be closed again", async () => {
    const trainer = openTrainer(smallNetwork());
    await trainer.step(x, labels);
    const saved = await trainer.save();
    trainer.close();
    const calls = [
      () => trainer.step(x, labels),
      () => trainer.predict(x),
      () => trainer.evaluate(smallDataset()),
      () => trainer.save(),
      () => trainer.resume(saved),
    ];
    for (const call of calls) refuses(call, "E_STATE", "[Trainer]", "this one was closed");
    await refusesToFit(trainer, { steps: 5 }, "E_STATE", "this one was closed");
    trainer.close();
  });

  it("refuses to watch a layer of another model", () => {
    const trainer = openTrainer(smallNetwork());
    refuses(() => trainer.watch(smallNetwork().layers[0], () => {}), "E_VALUE", "a layer of the trainer's model");
  });
});

describe("optimizers and schedules", () => {
  it("refuse numbers that cannot be", () => {
    const groups = (group: object) => [{ parameters: [], ...group }];
    refuses(() => new SGD({ lr: -1 }), "E_VALUE", "[SGD]", "lr of at least 0, got -1");
    refuses(() => new SGD({} as never), "E_VALUE", "[SGD]", "lr of at least 0, got undefined");
    refuses(() => new SGD({ lr: 1, momentum: Number.NaN }), "E_VALUE", "momentum of at least 0, got NaN");
    refuses(() => new SGD({ lr: 1, nesterov: true }), "E_VALUE", "momentum above 0 for Nesterov's");
    refuses(() => new SGD({ lr: 1, groups: groups({ lrFactor: -2 }) }), "E_VALUE", "lrFactor of at least 0, got -2");
    refuses(() => new Adam({ lr: 1, weightDecay: -1 }), "E_VALUE", "[Adam]", "weightDecay of at least 0, got -1");
    refuses(() => new Adam({ lr: 1, beta2: 1 }), "E_VALUE", "[Adam]", "betas below 1, got 0.9 and 1");
    refuses(() => new Adam({ lr: 1, groups: groups({ weightDecay: Number.NaN }) }), "E_VALUE", "weightDecay", "NaN");
    refuses(() => stepDecay({ every: 0, factor: 1 }), "E_VALUE", "[stepDecay]", "positive number of steps, got 0");
    refuses(() => exponentialDecay({ every: -1, factor: 1 }), "E_VALUE", "[exponentialDecay]", "got -1");
    refuses(() => cosine({ steps: Number.NaN }), "E_VALUE", "[cosine]", "got NaN");
    refuses(() => warmup({ steps: -1 }), "E_VALUE", "[warmup]", "got -1");
  });
});
