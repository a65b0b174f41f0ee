import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cosine, decayWeightsOnly, SGD, Trainer, warmup } from "batchnorm";
import { resnet } from "batchnorm/models";
import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "#dist/errors.js";
import { temporaryFolder } from "../support/folder.ts";
import { digestOf, leftBy, trainColours, writeColours } from "../support/train.ts";

/** 50 images in batches of 8: 6 steps an epoch, 18 in all. */
let colours: string;
let whole: string;
let uninterrupted: Awaited<ReturnType<typeof trainColours>>;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-cli-"));
  colours = writeColours(join(folder, "colours"));
  whole = join(folder, "whole");
  uninterrupted = await trainColours({ out: whole, colours });
  return () => rmSync(folder, { recursive: true, force: true });
});

/** Trains until some step is done, as if Ctrl-C was pressed in it. */
function until(step: number, out: string, resume = false) {
  const interrupt = new AbortController();
  const stepped = (done: number) => done === step && interrupt.abort();
  return trainColours({ out, colours, resume, progress: { stepped }, signal: interrupt.signal });
}

describe("a run", () => {
  test("has a row for each epoch, as the trainer itself would measure it", async () => {
    const { journal, end, network, data, settings } = uninterrupted;
    expect(end).toBe("finished");
    expect(journal.points.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 6],
      [2, 12],
      [3, 18],
    ]);
    const trainer = new Trainer(network, { optimizer: new SGD({ lr: 0 }) });
    const { loss, accuracy } = await trainer.evaluate(data.test);
    await trainer.close();
    expect(journal.points[2].testAccuracy).toBe(accuracy);
    expect(journal.points[2].testLoss).toBeCloseTo(loss, 5);
    expect(settings).toMatchObject({ model: "resnet8", crop: 4, flip: true, learningRate: 0.1 / 16 });
    expect(journal.losses.map(({ step }) => step)).toEqual([18]);
    const mean = journal.points.reduce((sum, row) => sum + row.trainLoss, 0) / 3;
    expect(journal.losses[0].loss).toBeCloseTo(mean, 10);
  });

  test("is Nesterov's descent with weight decay of matrices alone, its seed that of weights and order", async () => {
    const { data, settings, network } = uninterrupted;
    const model = resnet({ depth: 8, seed: settings.seed });
    const groups = decayWeightsOnly(model, 5e-4);
    const trainer = new Trainer(model, {
      optimizer: new SGD({ lr: 0.1 / 16, momentum: 0.9, nesterov: true, groups }),
      schedule: warmup({ steps: 1, after: cosine({ steps: 17 }) }),
      seed: settings.seed,
    });
    await trainer.fit(data.train, { epochs: 3, batchSize: 8 });
    await trainer.close();
    expect(digestOf(network)).toBe(digestOf(model));
  });

  test("warms up over its first tenth and ends at a learning rate of almost nothing", () => {
    const rates = uninterrupted.journal.points.map(({ learningRate }) => learningRate / (0.1 / 16));
    // One step of warm-up, then 17 of a cosine.
    const cosine = (step: number) => (1 + Math.cos((Math.PI * (step - 2)) / 17)) / 2;
    for (const [index, step] of [6, 12, 18].entries()) expect(rates[index]).toBeCloseTo(cosine(step), 10);
  });

  test.each([
    ["seed", 2],
    ["learningRate", 0.01],
    ["batchNorm", false],
  ] as const)("comes out otherwise with another %s", async (choice, value) => {
    const { journal } = await trainColours({ out: temporaryFolder(), colours, choices: { [choice]: value } });
    expect(journal.points[2].trainLoss).not.toBe(uninterrupted.journal.points[2].trainLoss);
  });

  test("whose loss overflows ends there, with the checkpoint of no later step and nothing of an earlier run", async () => {
    const out = temporaryFolder();
    for (const file of ["checkpoint.safetensors", "model.safetensors", "mine.txt"]) writeFileSync(join(out, file), "");
    const { journal, end } = await trainColours({ out, colours, choices: { learningRate: 1e30 } });
    expect(end).toBe("diverged");
    expect(journal.step).toBeLessThan(6);
    expect(journal.losses.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(readdirSync(out)).toEqual(["mine.txt"]);
  });
});

describe("a run that is resumed ends with the same bits as one that was not interrupted", () => {
  test.each([
    ["in an epoch", [3]],
    ["at the end of an epoch", [12]],
    ["again and again, before anything else happens", [1, 2, 6, 7, 17]],
  ])("%s", async (_, steps) => {
    const out = temporaryFolder();
    for (const [index, step] of steps.entries()) {
      const { end, journal } = await until(step, out, index > 0);
      expect({ end, step: journal.step }).toEqual({ end: "interrupted", step });
    }
    const { end } = await trainColours({ out, colours, resume: true, threads: 2 });
    expect(end).toBe("finished");
    expect(leftBy(out)).toEqual(leftBy(whole));
  });

  test("while it measures", async () => {
    const out = temporaryFolder();
    const interrupt = new AbortController();
    const measuring = () => interrupt.abort();
    const { journal } = await trainColours({ out, colours, progress: { measuring }, signal: interrupt.signal });
    expect(journal).toMatchObject({ step: 6, points: [] });
    await trainColours({ out, colours, resume: true });
    expect(leftBy(out)).toEqual(leftBy(whole));
  });

  test("and was killed between the writing of run.json and of the checkpoint", async () => {
    const out = temporaryFolder();
    await until(9, out);
    const older = join(out, "older");
    copyFileSync(join(out, "checkpoint.safetensors"), older);
    await until(16, out, true);
    // run.json knows the checkpoints of steps 12, after the second epoch, and 16: the one of 9 is forgotten.
    copyFileSync(older, join(out, "checkpoint.safetensors"));
    await expect(trainColours({ out, colours, resume: true })).rejects.toThrow(
      /expected the checkpoint of step 12 or 16, as run\.json has it, got one of step 9; start anew with --fresh/,
    );

    const other = temporaryFolder();
    await until(9, other);
    const record = join(other, "run.json");
    copyFileSync(join(other, "checkpoint.safetensors"), older);
    await until(11, other, true);
    copyFileSync(older, join(other, "checkpoint.safetensors"));
    expect(JSON.parse(readFileSync(record, "utf8")).journals).toMatchObject([{ step: 9 }, { step: 11 }]);
    await trainColours({ out: other, colours, resume: true });
    expect(leftBy(other)).toEqual(leftBy(whole));
  });

  test("after its end: nothing is done again", async () => {
    const before = leftBy(whole);
    const steps: number[] = [];
    const { end } = await trainColours({
      out: whole,
      colours,
      resume: true,
      progress: { stepped: (step) => steps.push(step) },
    });
    expect({ end, steps }).toEqual({ end: "finished", steps: [] });
    expect(leftBy(whole)).toEqual(before);
  });
});

describe("to go on is refused", () => {
  const refused = async (damage: (out: string) => void, sentence: RegExp) => {
    const out = temporaryFolder();
    await until(2, out);
    damage(out);
    const failure = await trainColours({ out, colours, resume: true }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(sentence);
  };

  test("from a checkpoint that is cut off", () =>
    refused(
      (out) => truncateSync(join(out, "checkpoint.safetensors"), 5000),
      /checkpoint\.safetensors: .*the file is cut off; start anew with --fresh/,
    ));

  test.each([
    ["is missing", (path: string) => rmSync(path), /run\.json: is missing; start anew with --fresh/],
    ["is not JSON", (path: string) => writeFileSync(path, "{"), /run\.json: is not JSON; start anew/],
    [
      "is of another format",
      (path: string) => writeFileSync(path, '{"format":9}'),
      /run\.json: expected the record of a run in format 1, got format 9/,
    ],
    ["is no record", (path: string) => writeFileSync(path, "null"), /expected the record of a run in format 1/],
  ])("when run.json %s", (_, damage, sentence) => refused((out) => damage(join(out, "run.json")), sentence));
});
