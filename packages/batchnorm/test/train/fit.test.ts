/** `fit` and `iterate`: how long they train, what they report, and that others get a turn. */
import { type Dataset, type Progress, randn, type Trainer, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.ts";
import { rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, trainedBits } from "../support/training.ts";

const data = smallDataset({ count: 50 });
const steps = (reports: Progress[]) => reports.map(({ step }) => step);
const epochs = (reports: Progress[]) => reports.map(({ epoch }) => epoch);

onEveryDevice(({ device }) => {
  const open = () => openTrainer(smallNetwork(), { device });

  describe("how long fit trains", () => {
    it("steps are so many more, each time", async () => {
      const trainer = open();
      expect(steps(await trainer.fit(data, { steps: 3, batchSize: 8, every: 1 }))).toEqual([1, 2, 3]);
      expect(steps(await trainer.fit(data, { steps: 3, batchSize: 8, every: 1 }))).toEqual([4, 5, 6]);
      expect(await trainer.fit(data, { steps: 0, batchSize: 8 })).toEqual([]);
      expect(trainer.stepCount).toBe(6);
    });

    it("epochs are so many more, each as many steps as there are whole batches", async () => {
      const trainer = open();
      // 50 examples are three batches of 16; two are left out.
      const reports = await trainer.fit(data, { epochs: 2, batchSize: 16, every: 1 });
      expect(steps(reports)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(epochs(reports)).toEqual([0, 0, 1, 1, 1, 2]);
      expect(trainer.epoch).toBe(2);
      expect(steps(await trainer.fit(data, { epochs: 1, batchSize: 16, every: 1 }))).toEqual([7, 8, 9]);
      expect(trainer.epoch).toBe(3);
    });

    it("untilStep counts all steps: nothing is done where they are already taken", async () => {
      const trainer = open();
      for (let i = 0; i < 3; i++) await trainer.step(randn([4, 6], { seed: i }), [0, 1, 2, 0]);
      expect(steps(await trainer.fit(data, { untilStep: 5, batchSize: 8, every: 1 }))).toEqual([4, 5]);
      expect(await trainer.fit(data, { untilStep: 5, batchSize: 8, every: 1 })).toEqual([]);
      expect(await trainer.fit(data, { untilStep: 2, batchSize: 8 })).toEqual([]);
      expect(trainer.stepCount).toBe(5);
    });

    it("untilEpoch counts all passes", async () => {
      const trainer = open();
      expect(steps(await trainer.fit(data, { untilEpoch: 1, batchSize: 16, every: 1 }))).toEqual([1, 2, 3]);
      expect(await trainer.fit(data, { untilEpoch: 1, batchSize: 16, every: 1 })).toEqual([]);
      expect(steps(await trainer.fit(data, { untilEpoch: 2, batchSize: 16, every: 1 }))).toEqual([4, 5, 6]);
      expect(trainer.epoch).toBe(2);
    });
  });

  describe("reports", () => {
    it("come every so many steps, and at the end", async () => {
      expect(steps(await open().fit(data, { steps: 10, batchSize: 8, every: 4 }))).toEqual([4, 8, 10]);
      expect(steps(await open().fit(data, { epochs: 2, batchSize: 16, every: 4 }))).toEqual([4, 6]);
    });

    it("are the means of loss and accuracy since the one before", async () => {
      const each = await open().fit(data, { steps: 7, batchSize: 8, every: 1 });
      const mean = (from: number, to: number, key: "loss" | "accuracy") =>
        each.slice(from, to).reduce((sum, report) => sum + report[key], 0) / (to - from);
      const [first, second] = await open().fit(data, { steps: 7, batchSize: 8, every: 5 });
      expect(first.loss).toBeCloseTo(mean(0, 5, "loss"), 12);
      expect(first.accuracy).toBeCloseTo(mean(0, 5, "accuracy"), 12);
      expect(second.loss).toBeCloseTo(mean(5, 7, "loss"), 12);
      expect(second.accuracy).toBeCloseTo(mean(5, 7, "accuracy"), 12);
    });

    it("are the same whatever is measured in between", async () => {
      const plain = await open().fit(data, { steps: 9, batchSize: 8, every: 3 });
      const trainer = open();
      const reports: Progress[] = [];
      for await (const report of trainer.iterate(data, { steps: 9, batchSize: 8, every: 3 })) {
        reports.push(report);
        await trainer.evaluate(data, { batchSize: 8 });
        await trainer.predict(data, { batchSize: 8 });
      }
      expect(reports).toEqual(plain);
    });

    it("are the same while batches of other shapes are predicted", async () => {
      const options = { steps: 6, batchSize: 8, every: 6 };
      const plain = await open().fit(data, options);
      const trainer = open();
      const fitted = trainer.fit(data, options);
      await Promise.all([1, 2, 3, 4, 5].map((n) => trainer.predict(randn([n, 6], { seed: n }))));
      // A plan that had to make room gave its sum of losses on the way: the parts are added up in another order.
      expect(await fitted).toEqual(plain.map((report) => ({ ...report, loss: expect.closeTo(report.loss, 12) })));
    });

    it("are the same where a watcher that ends itself has everything bound anew", async () => {
      const options = { steps: 12, batchSize: 8, every: 6 };
      const plain = await open().fit(data, options);
      const trainer = open();
      let calls = 0;
      const [layer] = (trainer.model as ReturnType<typeof smallNetwork>).layers;
      const end = trainer.watch(layer, () => {
        if (++calls === 4) end();
      });
      expect(await trainer.fit(data, options)).toEqual(plain);
      expect(calls).toBe(4);
    });
  });

  it("fit makes the same steps as `step` with the same examples", async () => {
    const fitted = smallNetwork();
    const trainer = openTrainer(fitted, { device });
    const batches: Float32Array[] = [];
    trainer.watch(fitted.layers[0], ({ input }) => batches.push(input.data.slice()));
    const reports = await trainer.fit(data, { steps: 5, batchSize: 8, every: 1 });

    const labelOf = new Map(Array.from(data.labels ?? [], (label, i) => [data.data[6 * i], label]));
    const stepped = open();
    for (const [i, batch] of batches.entries()) {
      const labels = Array.from({ length: 8 }, (_, row) => labelOf.get(batch[6 * row]) as number);
      expect((await stepped.step(tensor(batch, [8, 6]), labels)).loss).toBe(reports[i].loss);
    }
    expect(await trainedBits(stepped)).toBe(await trainedBits(trainer));
  });

  describe("the last batch of a pass", () => {
    const sizesOf = async (lastBatch?: "drop" | "use") => {
      const trainer = open();
      const sizes: number[] = [];
      trainer.watch(trainer.model.children()[0][1], ({ input }) => sizes.push(input.shape[0]));
      await trainer.fit(data, { epochs: 2, batchSize: 16, ...(lastBatch && { lastBatch }) });
      return sizes;
    };

    it("is left out where it does not fill a batch, unless it is to be used", async () => {
      expect(await sizesOf()).toEqual([16, 16, 16, 16, 16, 16]);
      expect(await sizesOf("drop")).toEqual([16, 16, 16, 16, 16, 16]);
      expect(await sizesOf("use")).toEqual([16, 16, 16, 2, 16, 16, 16, 2]);
    });

    it("counts in a report by its examples", async () => {
      const options = { epochs: 1, batchSize: 16, lastBatch: "use" } as const;
      const each = await open().fit(data, { ...options, every: 1 });
      expect(epochs(each)).toEqual([0, 0, 0, 1]);
      const sum = (key: "loss" | "accuracy") =>
        each.reduce((all, report, i) => all + report[key] * [16, 16, 16, 2][i], 0);
      const [whole, ...none] = await open().fit(data, { ...options, every: 100 });
      expect(none).toEqual([]);
      expect(whole.loss).toBeCloseTo(sum("loss") / 50, 12);
      expect(whole.accuracy).toBeCloseTo(sum("accuracy") / 50, 12);
    });
  });

  describe("iterate", () => {
    it("reports what fit gives", async () => {
      const reports: Progress[] = [];
      const options = { steps: 10, batchSize: 8, every: 4 };
      for await (const report of open().iterate(data, options)) reports.push(report);
      expect(reports).toEqual(await open().fit(data, options));
    });

    it("keeps what was learned where the loop breaks off, and training goes on from there", async () => {
      const [broken, whole] = [open(), open()];
      for await (const { step } of broken.iterate(data, { epochs: 99, batchSize: 8, every: 3 })) if (step === 9) break;
      expect(broken.stepCount).toBe(9);
      await whole.fit(data, { steps: 9, batchSize: 8 });
      expect(await trainedBits(broken)).toBe(await trainedBits(whole));
      for (const each of [broken, whole]) await each.fit(data, { steps: 4, batchSize: 8 });
      expect(await trainedBits(broken)).toBe(await trainedBits(whole));
    });
  });

  describe("a fit that goes on for long", () => {
    const most = 1_000_000;

    it("lets timers run and ends, after a step, when its signal is aborted", async () => {
      const trainer = open();
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 1);
      const { signal } = controller;
      await trainer.fit(data, { steps: most, batchSize: 50, every: most, signal });
      expect(trainer.stepCount).toBeGreaterThan(0);
      expect(trainer.stepCount).toBeLessThan(most);
      await trainer.step(randn([4, 6], { seed: 1 }), [0, 1, 2, 0]); // still of use
    });

    it("ends at once when its signal is aborted while it reports", async () => {
      const trainer = open();
      const controller = new AbortController();
      const { signal } = controller;
      for await (const { step } of trainer.iterate(data, { steps: most, batchSize: 50, every: 3, signal })) {
        if (step === 6) controller.abort();
      }
      expect(trainer.stepCount).toBe(6);
    });

    it("takes no step when its signal is aborted before", async () => {
      const trainer = open();
      expect(await trainer.fit(data, { steps: 5, batchSize: 50, signal: AbortSignal.abort() })).toEqual([]);
      expect(trainer.stepCount).toBe(0);
    });
  });
});

describe("fit is refused", () => {
  /** Options that fit does not take, for a trainer that stays as it was. */
  const refused = async (options: object, code: "E_VALUE" | "E_BATCH", ...words: string[]) => {
    const trainer = openTrainer(smallNetwork());
    const before = await trainer.save();
    for (const call of [fitted, iterated]) {
      await rejects(() => call(trainer, data, { batchSize: 8, ...options }), code, "[fit] expected", ...words);
    }
    expect(await trainer.save()).toEqual(before);
  };
  const fitted = (trainer: Trainer, set: Dataset, options: Parameters<Trainer["fit"]>[1]) => trainer.fit(set, options);
  const iterated = async (trainer: Trainer, set: Dataset, options: Parameters<Trainer["fit"]>[1]) => {
    for await (const { step } of trainer.iterate(set, options)) expect.fail(`step ${step} was taken`);
  };

  it("without exactly one of the four ends", async () => {
    const ends = { steps: 1, epochs: 1, untilStep: 1, untilEpoch: 1 };
    const names = Object.keys(ends) as (keyof typeof ends)[];
    await refused({}, "E_VALUE", "one of steps, epochs, untilStep and untilEpoch, got none");
    for (const a of names) {
      for (const b of names.slice(names.indexOf(a) + 1)) {
        await refused({ [a]: 1, [b]: 1 }, "E_VALUE", "one of steps, epochs,", "got", a, "and", b);
      }
    }
    await refused(ends, "E_VALUE", "got steps and epochs and untilStep and untilEpoch");
    for (const name of names) await openTrainer(smallNetwork()).fit(data, { batchSize: 8, [name]: 1 });
  });

  it("with an end that is no number of steps or passes", async () => {
    for (const name of ["steps", "epochs", "untilStep", "untilEpoch"]) {
      for (const wrong of [-1, Number.NaN]) {
        await refused({ [name]: wrong }, "E_VALUE", `${name} of at least 0, got ${wrong}`);
      }
    }
  });

  it("with options that there are not", async () => {
    await refused({ steps: 1, epoch: 2 }, "E_VALUE", "options steps, epochs,", "got epoch (did you mean epochs?)");
    await refused({ steps: 1, last: "use" }, "E_VALUE", "got last");
    await refused({ steps: 1, lastBatch: "keep" }, "E_VALUE", 'lastBatch "drop" or "use", got "keep"');
    await refused({ steps: 1, every: 0 }, "E_VALUE", "every positive number of steps, got 0");
  });

  it("with a batch size that the data cannot fill", async () => {
    for (const batchSize of [0, -1, 1.5, 51, Number.NaN]) {
      const words = ["from 1 to the number of examples (50)", `got ${batchSize}`];
      await refused({ steps: 1, batchSize }, "E_BATCH", ...words);
      await refused({ steps: 1, batchSize, lastBatch: "use" }, "E_BATCH", ...words);
    }
  });
});
