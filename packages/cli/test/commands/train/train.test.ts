import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "batchnorm/formats";
import { mnistNetwork } from "batchnorm/models";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/folder.ts";
import { smallDataset } from "../../support/mnist.ts";
import { batchnorm } from "../../support/shell.ts";
import { digest, writeColours } from "../../support/train.ts";

const FILES = ["checkpoint.safetensors", "curves.svg", "model.safetensors", "report.html", "run.json", "train.json"];
const read = (folder: string, file: string) => readFileSync(join(folder, file));
const numbers = (folder: string) => JSON.parse(read(folder, "train.json").toString());
/** 600 images in batches of 60: 10 steps an epoch. */
const mnist = (data: string, out: string, ...rest: string[]) =>
  batchnorm(["train", "mnist", "--dataset", "mnist", "--threads", "1", "--data", data, "--out", out, ...rest]);

test("trains once, writes everything, and neither starts again nor forgets without being told", async () => {
  const data = smallDataset();
  const out = join(temporaryFolder(), "deep", "out");
  const first = await mnist(data, out, "--epochs", "3", "--seed", "5");
  expect(first).toMatchObject({ code: 0 });
  expect(readdirSync(out).sort()).toEqual(FILES);
  const lines = first.err.split("\n");
  expect(lines[0]).toBe("Training 3 epochs, 30 steps of 60 images.");
  expect(lines[1]).toMatch(/epoch +train loss +accuracy +test loss +accuracy +learning rate +images\/s +time/);
  expect(lines.slice(2, 5).map((line) => line.trim().split(" ")[0])).toEqual(["1/3", "2/3", "3/3"]);
  expect(lines).toHaveLength(6);
  const recorded = numbers(out);
  expect(recorded).toMatchObject({ experiment: "train", format: 1, parameters: 100_010, stepsPerEpoch: 10 });
  expect(recorded.settings).toMatchObject({ model: "mnist", dataset: "mnist", epochs: 3, batchSize: 60, seed: 5 });
  expect(recorded.epochs).toHaveLength(3);
  expect(recorded.epochs[2].testAccuracy).toBeGreaterThan(0.8);
  const last = `${(100 * recorded.epochs[2].testAccuracy).toFixed(2)}%`;
  expect(first.out).toContain(`Test accuracy after the last epoch, 3: ${last}`);
  expect(first.out).toContain(`\nReport: ${join(out, "report.html")}\n`);
  expect(read(out, "report.html").toString()).toContain(`Test accuracy after the last epoch, 3: ${last}`);

  const { tensors, metadata } = readSafetensors(read(out, "model.safetensors"));
  expect(metadata).toMatchObject({ model: "mnist", dataset: "mnist" });
  expect(mnistNetwork().loadStateDict(tensors)).toEqual({ missing: [], unexpected: [] });

  const refused = await mnist(data, out, "--epochs", "3");
  expect(refused.code).toBe(2);
  expect(refused.err).toBe(
    `batchnorm: ${out}: has the checkpoint of an earlier run; --resume goes on from it, --fresh starts anew, --out takes another folder\n`,
  );
  const others = await mnist(data, out, "--epochs", "4", "--resume");
  expect(others.code).toBe(2);
  expect(others.err).toContain("this run was started with --epochs 3, not 4; go on with --resume alone");
  const otherData = await mnist(smallDataset(700), out, "--resume");
  expect(otherData.code).toBe(2);
  expect(otherData.err).toContain("give the same --data as then");

  const again = await mnist(data, out, "--resume");
  expect(again).toMatchObject({ code: 0, err: "Training 3 epochs, 30 steps of 60 images, on from step 30.\n" });
  expect(numbers(out)).toEqual(recorded);

  const fresh = await mnist(data, out, "--epochs", "1", "--fresh");
  expect(fresh.code).toBe(0);
  expect(numbers(out).epochs).toHaveLength(1);

  const drawn = await batchnorm(["figures", "--results", out, "--out", join(out, "again")]);
  expect(drawn).toMatchObject({ code: 0, out: `${join(out, "again", "curves.svg")}\n` });
  expect(read(join(out, "again"), "curves.svg")).toEqual(read(out, "curves.svg"));
});

test("Ctrl-C writes a checkpoint and exits with 130, and --resume ends as if there had been none", async () => {
  const data = smallDataset();
  const [out, whole] = [temporaryFolder(), temporaryFolder()];
  const command = ["train", "mnist", "--dataset", "mnist", "--data", data, "--epochs", "30", "--out"];
  const started = () => existsSync(join(out, "checkpoint.safetensors"));
  const stopped = await batchnorm([...command, out, "--threads", "1"], started);
  expect(stopped.code).toBe(130);
  const checkpoint = join(out, "checkpoint.safetensors");
  const [, step] = stopped.err.match(/batchnorm: Interrupted after step (\d+) of 300; /) ?? [];
  expect(stopped.err).toContain(
    `the checkpoint is ${checkpoint}. The same command with --resume goes on from there.\n`,
  );
  expect(readdirSync(out).sort()).toEqual(["checkpoint.safetensors", "run.json"]);

  const resumed = await batchnorm([...command, out, "--threads", "2", "--resume"]);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toContain(`Training 30 epochs, 300 steps of 60 images, on from step ${step}.\n`);
  expect((await batchnorm([...command, whole, "--threads", "1"])).code).toBe(0);
  for (const file of ["model.safetensors", "checkpoint.safetensors"]) {
    expect(digest(read(out, file))).toBe(digest(read(whole, file)));
  }
  expect({ ...numbers(out), timing: null }).toEqual({ ...numbers(whole), timing: null });
});

test("a loss that overflows ends the run with 1, a report that says so, and no weights", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "out");
  const colours = writeColours(join(folder, "colours"));
  const command = ["train", "resnet8", "--dataset", "cifar10", "--data", colours, "--batch-size", "8", "--out", out];
  const { code, out: said, err } = await batchnorm([...command, "--learning-rate", "1e30"]);
  expect(code).toBe(1);
  expect(err).not.toContain("batchnorm:");
  const { divergedAt, epochs } = numbers(out);
  expect(divergedAt).toBeLessThan(7);
  expect(epochs).toEqual([]);
  const sentence = `Training diverged: the loss was not finite at step ${divergedAt}, in epoch 1 of 30. No epoch was finished.`;
  expect(said).toContain(sentence);
  expect(read(out, "report.html").toString()).toContain(sentence);
  expect(readdirSync(out).sort()).toEqual(["report.html", "train.json"]);
});

describe("is refused", () => {
  test.each([
    [["train", "mnist"], /required option '--dataset <name>' not specified/],
    [["train", "mnist", "--dataset", "imagenet"], /Allowed choices are mnist, cifar10/],
    [["train", "vgg", "--dataset", "mnist"], /expected one of the models mnist, inception, resnet20 .*, got vgg/],
    [["train", "mnist", "--dataset", "cifar10"], /the model mnist takes 784 values, an image of cifar10 has/],
    [["train", "mnist", "--dataset", "mnist", "--learning-rate", "0"], /Expected a number above 0/],
    [["train", "mnist", "--dataset", "mnist", "--resume", "--fresh"], /'--resume' cannot be used with .*'--fresh'/],
    [
      ["train", "mnist", "--dataset", "mnist", "--data", "/nowhere"],
      /^batchnorm: \/nowhere: found neither train-images/,
    ],
    [
      ["train", "resnet8", "--dataset", "cifar10", "--data", "/nowhere"],
      /^batchnorm: \/nowhere: found no data_batch_1/,
    ],
    [["train", "mnist", "--dataset", "mnist", "--resume"], /has no checkpoint to go on from; leave out --resume/],
  ])("%j", async (args, sentence) => {
    const folder = temporaryFolder();
    const { code, out, err } = await batchnorm(args, undefined, folder);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^\s+at /m);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a folder that cannot be written to, with 1", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const { code, err } = await mnist(smallDataset(), join(file, "out"), "--epochs", "1");
    expect(code).not.toBe(0);
    expect(err).toMatch(/batchnorm: .*(ENOTDIR|EEXIST)/);
  });
});
