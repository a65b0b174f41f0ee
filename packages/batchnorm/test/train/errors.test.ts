/** Bad input to training: a code, words that say what to do, and a trainer that is as it was. */
import {
  Adam,
  BatchNorm,
  cosine,
  type ErrorCode,
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
  WasmDevice,
  warmup,
  zeros,
} from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { refuses, rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, trainedBits } from "../support/training.ts";

const x = randn([6, 6], { seed: 1 });
const labels = [0, 1, 2, 0, 1, 2];

/** That a call is refused and nothing of the trainer has changed. */
async function refused(trainer: Trainer, call: () => Promise<unknown>, code: ErrorCode, ...words: string[]) {
  const before = await trainer.save();
  await rejects(call, code, ...words);
  expect(sameBytes(await trainer.save(), before)).toBe(true);
}

onEveryDevice(({ device }) => {
  const open = (options: Partial<TrainerOptions> = {}) => openTrainer(smallNetwork(), { device, ...options });

  describe("step", () => {
    it("refuses labels out of range, and says which", async () => {
      const trainer = open();
      for (const wrong of [-1, 3, 1.5, Number.NaN]) {
        const given = [0, 1, 2, 0, wrong, 2];
        const words = ["from 0 to 2", `got ${wrong} at example 4`];
        await refused(trainer, () => trainer.step(x, given), "E_LABEL", ...words);
      }
      const given = BigInt64Array.from(labels, BigInt).with(5, 2n ** 40n);
      await refused(trainer, () => trainer.step(x, given), "E_LABEL", "got 1099511627776 at example 5");
    });

    it("refuses another number of labels", async () => {
      const trainer = open();
      for (const count of [0, 5, 7]) {
        const words = ["6 labels", `got ${count}`];
        await refused(trainer, () => trainer.step(x, new Int32Array(count)), "E_SHAPE", ...words);
      }
      await refused(trainer, () => trainer.step(x, undefined as never), "E_SHAPE", "6 labels", "got undefined");
    });

    it("refuses another number of values, with a squared error", async () => {
      const trainer = open({ loss: meanSquaredError() });
      const words = ["[meanSquaredError]", "18 target values, got 6"];
      await refused(trainer, () => trainer.step(x, labels), "E_SHAPE", ...words);
    });

    it("refuses a shape that the model does not take, and says where", async () => {
      const trainer = open();
      const words = ["[Linear 0]", "6 features", "[6, 5]"];
      await refused(trainer, () => trainer.step(ones([6, 5]), labels), "E_SHAPE", ...words);
      const logits = ["[crossEntropy]", "logits [N, classes]"];
      await refused(trainer, () => trainer.step(ones([2, 3, 6]), labels), "E_SHAPE", ...logits);
    });

    it("refuses an empty batch, and a batch of one where there is batch norm", async () => {
      const trainer = open();
      await refused(trainer, () => trainer.step(zeros([0, 6]), []), "E_BATCH", "[Trainer.step]", "[0, 6]");
      const words = ["[BatchNorm 1]", "leave out a last batch of one"];
      await refused(trainer, () => trainer.step(ones([1, 6]), [0]), "E_BATCH", ...words);
      expect((await trainer.predict(ones([1, 6]))).shape).toEqual([1, 3]);
    });

    it("refuses a plain array, and says how to make a tensor", async () => {
      const trainer = open();
      const rows = [[1, 2, 3, 4, 5, 6]] as never;
      const words = ["tensor(data, shape)", "an array"];
      await refused(trainer, () => trainer.step(rows, [0]), "E_SHAPE", "[Trainer.step]", ...words);
      await refused(trainer, () => trainer.predict(rows), "E_SHAPE", "[Trainer.predict]", ...words);
    });

    it("goes on after a refusal as if there had been none", async () => {
      const [trainer, other] = [open(), open()];
      await rejects(() => trainer.step(x, [0, 1, 2, 0, 1, 9]), "E_LABEL");
      await rejects(() => trainer.step(ones([1, 6]), [0]), "E_BATCH");
      expect(await trainer.step(x, labels)).toEqual(await other.step(x, labels));
    });

    it("takes batches of changing shapes", async () => {
      const trainer = openTrainer(new Sequential(new Linear(6, 3)), { device });
      const bits = new Set([await trainedBits(trainer)]);
      for (const n of [6, 3, 1, 12, 6, 40, 3, 1]) {
        await trainer.step(randn([n, 6], { seed: n }), new Int32Array(n));
        bits.add(await trainedBits(trainer));
      }
      expect(bits.size).toBe(9);
    });

    it("takes labels of 64 bits", async () => {
      const want = await open().step(x, labels);
      for (const given of [
        BigInt64Array.from(labels, BigInt),
        BigUint64Array.from(labels, BigInt),
        labels.map(BigInt),
      ]) {
        expect(await open().step(x, given)).toEqual(want);
      }
    });
  });

  it("a run that has diverged reports NaN or Infinity as its loss and does not throw", async () => {
    const make = (options: Partial<TrainerOptions>) =>
      openTrainer(new Sequential(new Linear(6, 3)), { device, ...options });
    const target = new Float32Array(18);
    const squares = make({ loss: meanSquaredError(), optimizer: new SGD({ lr: 1e20 }) });
    for (let i = 0; i < 3; i++) await squares.step(x, target);
    expect(Number.isFinite((await squares.step(x, target)).loss)).toBe(false);

    const classes = make({});
    await classes.step(tensor(x.data.with(0, Number.NaN), [6, 6]), labels);
    expect((await classes.step(x, labels)).loss).toBeNaN();
  });

  it("fit and evaluate refuse labels that the model has no class for", async () => {
    const trainer = openTrainer(smallNetwork({ classes: 2 }), { device });
    const words = ["from 0 to 1, got 2"];
    await rejects(() => trainer.fit(smallDataset(), { steps: 9, batchSize: 8 }), "E_LABEL", ...words);
    await refused(trainer, () => trainer.evaluate(smallDataset()), "E_LABEL", ...words);
  });

  it("evaluate refuses a batch size that is none", async () => {
    const trainer = open();
    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      const words = ["[evaluate] expected a positive batch size", `got ${batchSize}`];
      await refused(trainer, () => trainer.evaluate(smallDataset(), { batchSize }), "E_BATCH", ...words);
    }
  });

  it("everything is refused once the trainer is closed, but to close it again", async () => {
    const trainer = open();
    await trainer.step(x, labels);
    const saved = await trainer.save();
    await trainer.close();
    const calls = [
      () => trainer.step(x, labels),
      () => trainer.fit(smallDataset(), { steps: 5, batchSize: 8 }),
      () => trainer.predict(x),
      () => trainer.predict(smallDataset()),
      () => trainer.evaluate(smallDataset()),
      () => trainer.synchronize(),
      () => trainer.save(),
      () => trainer.resume(saved),
    ];
    for (const call of calls) await rejects(call, "E_STATE", "[Trainer]", "this one was closed");
    await trainer.close();
  });

  it("a fit ends with that where the trainer is closed in the middle of it", async () => {
    const trainer = open();
    const reports: number[] = [];
    const run = async () => {
      for await (const { step } of trainer.iterate(smallDataset(), { steps: 9, batchSize: 8, every: 2 })) {
        reports.push(step);
        if (step === 4) await trainer.close();
      }
    };
    await rejects(run, "E_STATE", "[Trainer]", "this one was closed");
    expect(reports).toEqual([2, 4]);
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

  it("refuses a promise it does not know, and a build that there is not", () => {
    refuses(make({ deterministic: "always" as "everywhere" }), "E_VALUE", '"per-machine" or "everywhere"', "always");
    refuses(make({ build: "reference" as "simd" }), "E_VALUE", 'build "simd" or "relaxed", got "reference"');
    refuses(make({ convolution: "slow" as "fast" }), "E_VALUE", 'convolution "fast" or "accurate", got "slow"');
  });

  it("refuses options that nobody reads, with a guess at what is meant", () => {
    const known = "expected options optimizer, loss, schedule, seed, shards, convolution, device, threads,";
    refuses(make({ thread: 2 } as object), "E_VALUE", `[Trainer] ${known}`, "got thread (did you mean threads?)");
    refuses(make({ learningRate: 2 } as object), "E_VALUE", known, "got learningRate");
    refuses(
      () => new Trainer(smallNetwork(), undefined as never),
      "E_VALUE",
      "[Trainer] expected an object with options",
    );
  });

  it("refuses options of a device beside a device", () => {
    const device = new WasmDevice();
    for (const options of [{ threads: 2 }, { build: "simd" }, { deterministic: "everywhere" }] as const) {
      const [name] = Object.keys(options);
      refuses(make({ device, ...options }), "E_VALUE", "[Trainer] expected", name, "or a device, got both");
    }
    expect(device.closed).toBe(false);
    device.close();
  });

  it.each<[string, object, string, string]>([
    ["without an optimizer", { optimizer: undefined }, "an optimizer, such as new SGD({ lr: 0.1 })", "got undefined"],
    ["with an optimizer's name", { optimizer: "sgd" }, "an optimizer, such as new SGD({ lr: 0.1 })", "got a string"],
    ["with a loss's name", { loss: "mse" }, "a loss, such as crossEntropy()", "got a string"],
    ["with a function that makes a loss", { loss: () => 0 }, "a loss, such as crossEntropy()", "got a function"],
    ["with a factor as schedule", { schedule: 0.1 }, "a schedule, such as", "got a number"],
    ["with a device's class", { device: ReferenceDevice }, "a device, such as new WasmDevice", "got a function"],
  ])("refuses to be %s", (_name, options, expected, got) => {
    refuses(make(options as Partial<TrainerOptions>), "E_VALUE", `[Trainer] expected ${expected}`, got);
  });

  it("refuses to train what is no model", () => {
    for (const model of [[new Linear(6, 3)], () => 0, null]) {
      const open = () => new Trainer(model as never, { optimizer: new SGD({ lr: 1 }) });
      refuses(open, "E_VALUE", "[Trainer] expected a model made of this library's layers, got");
    }
  });

  it("refuses a tensor where a data set belongs", async () => {
    const trainer = openTrainer(smallNetwork());
    const x = zeros([4, 6]) as never;
    const words = "expected a Dataset (new Dataset({ data, shape, labels })), got Tensor";
    await rejects(() => trainer.evaluate(x), "E_VALUE", `[evaluate] ${words}`);
    await rejects(() => trainer.fit(x, { epochs: 1, batchSize: 2 }), "E_VALUE", `[fit] ${words}`);
  });

  it("refuses shards on a device whose memory it cannot see", () => {
    const shards = { rank: 0, size: 1 } as never;
    refuses(
      make({ shards, device: new ReferenceDevice() }),
      "E_VALUE",
      "the CPU to train on with shards, got reference",
    );
  });

  it("refuses a model that another one holds, until that is closed", async () => {
    const model = smallNetwork();
    const first = openTrainer(model);
    refuses(() => openTrainer(model), "E_STATE", "no other trainer holds: close() the other one first");
    refuses(() => openTrainer(new Sequential(model.layers[4])), "E_STATE", "close() the other one first");
    await first.step(x, labels);
    await first.close();
    await openTrainer(model).step(x, labels);
  });

  it("refuses a batch norm whose statistics another one holds, parameters or not", async () => {
    const norm = new BatchNorm(6, { affine: false });
    const first = openTrainer(new Sequential(norm, new Linear(6, 3)));
    refuses(() => openTrainer(new Sequential(norm, new Linear(6, 3))), "E_STATE", "close() the other one first");
    await first.step(x, labels);
    expect(norm.numBatchesTracked).toBe(1);
  });

  it("refuses a model without parameters", () => {
    refuses(() => openTrainer(new Sequential(new Sigmoid())), "E_VALUE", "a model with parameters");
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

  it("refuse options that nobody reads, with a guess at what is meant", () => {
    const group = { parameters: [], lr: 0.1 } as never;
    const sgd = "[SGD] expected options lr, weightDecay, groups, momentum, nesterov;";
    refuses(() => new SGD({ lr: 1, momentun: 0.9 } as never), "E_VALUE", sgd, "got momentun (did you mean momentum?)");
    refuses(() => new SGD({ lr: 1, weight_decay: 1 } as never), "E_VALUE", sgd, "(did you mean weightDecay?)");
    refuses(() => new SGD(0.1 as never), "E_VALUE", "[SGD] expected an object with options", "got number");
    const adam = "[Adam] expected options lr, weightDecay, groups, beta1, beta2, eps, decoupled;";
    refuses(() => new Adam({ lr: 1, betas: [0.9, 0.99] } as never), "E_VALUE", adam, "got betas (did you mean beta1?)");
    refuses(() => new Adam({ lr: 1, epsilon: 1 } as never), "E_VALUE", adam, "got epsilon (did you mean eps?)");
    for (const make of [SGD, Adam]) {
      const words = `[${make.name}] expected options parameters, weightDecay, lrFactor; got lr`;
      refuses(() => new make({ lr: 1, groups: [group] }), "E_VALUE", words);
    }
  });
});
