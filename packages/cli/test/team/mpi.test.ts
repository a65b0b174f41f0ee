/** The command as the ranks of one job: what it leaves is what one process leaves. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeRanks } from "../../../mpi/test/support/ranks.ts";
import { temporaryFolder } from "../support/folder.ts";
import { smallDataset } from "../support/mnist.ts";
import { batchnorm, type Outcome } from "../support/shell.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** Runs the command under mpirun; `interrupt` is asked again and again whether to press Ctrl-C. */
function ranks(size: number, args: readonly string[], interrupt?: () => boolean): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn("mpirun", ["-np", String(size), process.execPath, MAIN, ...args, "--mpi"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { out: "", err: "" };
    for (const name of ["out", "err"] as const) {
      child[`std${name}`].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    const timer = setInterval(() => {
      if (!interrupt?.()) return;
      clearInterval(timer);
      child.kill("SIGINT");
    }, 20);
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, ...said });
    });
  });
}

const numbers = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), "utf8"));
const FILES = ["checkpoint.safetensors", "curves.svg", "model.safetensors", "report.html", "run.json", "train.json"];
const train = (data: string, out: string, ...rest: string[]) =>
  ["train", "mnist", "--dataset", "mnist", "--threads", "1", "--data", data, "--out", out, ...rest] as const;

interface Epoch {
  trainLoss: number;
  testLoss: number;
  testAccuracy: number;
}

function expectSameEpochs(got: Epoch[], want: Epoch[]): void {
  expect(got).toHaveLength(want.length);
  for (const [i, row] of want.entries()) {
    expect(got[i].testAccuracy).toBe(row.testAccuracy);
    expect(got[i].trainLoss).toBeCloseTo(row.trainLoss, 4);
    expect(got[i].testLoss).toBeCloseTo(row.testLoss, 4);
  }
}

describeRanks("batchnorm train --mpi", () => {
  test("trains as one process does, and tells and writes once", async () => {
    const data = smallDataset();
    const whole = temporaryFolder();
    expect((await batchnorm(train(data, whole, "--epochs", "3"))).code).toBe(0);
    const out = join(temporaryFolder(), "deep", "out");
    const { code, out: said, err } = await ranks(3, train(data, out, "--epochs", "3"));
    expect({ code, err: err.split("\n")[0] }).toEqual({ code: 0, err: "Training 3 epochs, 30 steps of 60 images." });
    expect(err.split("\n")).toHaveLength(6);
    expect(said.split("Report: ")).toHaveLength(2);
    expect(readdirSync(out).sort()).toEqual(FILES);
    const { epochs, timing, settings } = numbers(out, "train.json");
    expectSameEpochs(epochs, numbers(whole, "train.json").epochs);
    expect(settings).toEqual(numbers(whole, "train.json").settings);
    expect(timing).toMatchObject({ ranks: 3, threads: 1 });
    const report = readFileSync(join(out, "report.html"), "utf8");
    expect(report).toContain("mpirun -np 3 batchnorm train mnist --dataset mnist --epochs 3");
    expect(report).toContain("3 ranks of 1 thread");
  });

  test("Ctrl-C writes a checkpoint, from which other numbers of ranks go on", async () => {
    const [data, out] = [smallDataset(), temporaryFolder()];
    const checkpoint = join(out, "checkpoint.safetensors");
    const stopped = await ranks(2, train(data, out, "--epochs", "300"), () => existsSync(checkpoint));
    expect(stopped.err).toContain("batchnorm: Interrupted after step");
    expect(stopped.err.split("batchnorm: Interrupted")).toHaveLength(2);
    const { step } = numbers(out, "run.json").journals.at(-1);
    expect(step).toBeLessThan(3000);
    const again = await ranks(
      3,
      train(data, out, "--resume"),
      () => numbers(out, "run.json").journals.at(-1).step > step,
    );
    expect(again.err).toContain(`on from step ${step}.`);
    const later = numbers(out, "run.json").journals.at(-1).step;
    expect(later).toBeGreaterThan(step);
    const alone = await batchnorm(
      train(data, out, "--resume"),
      () => numbers(out, "run.json").journals.at(-1).step > later,
    );
    expect(alone).toMatchObject({ code: 130 });
    expect(alone.err).toContain(`on from step ${later.toLocaleString("en")}.`);
  });

  test("bad input is told once, with 2", async () => {
    const empty = temporaryFolder();
    const { code, err } = await ranks(3, train("/nowhere", empty));
    expect(code).toBe(2);
    expect(err.split("batchnorm: /nowhere: found neither train-images"), err).toHaveLength(2);
    expect(err).not.toContain("batchnorm-mpi");
    const resumed = await ranks(2, train(smallDataset(), empty, "--resume"));
    expect(resumed.code).toBe(2);
    expect(resumed.err.split("has no checkpoint to go on from"), resumed.err).toHaveLength(2);
  });
});

describeRanks("batchnorm reproduce figure1 --mpi", () => {
  test("measures what one process measures", async () => {
    const data = smallDataset(240, 50);
    const [alone, together] = [temporaryFolder(), temporaryFolder()];
    const args = ["reproduce", "figure1", "--quick", "--steps", "60", "--data", data, "--out"];
    expect((await batchnorm([...args, alone])).code).toBe(0);
    const { code, out, err } = await ranks(2, [...args, together]);
    expect({ code, reports: out.split("Report: ").length }, err).toEqual({ code: 0, reports: 2 });
    const whole = numbers(alone, "figure1.json");
    const shared = numbers(together, "figure1.json");
    for (const part of ["same", "best"]) {
      for (const network of ["withBatchNorm", "withoutBatchNorm"]) {
        const [got, want] = [shared[part][network].points, whole[part][network].points];
        expect(got).toHaveLength(want.length);
        for (const [i, point] of want.entries()) {
          expect(got[i].loss).toBeCloseTo(point.loss, 2);
          expect(got[i].accuracy.test).toBeCloseTo(point.accuracy.test, 1);
          for (const [k, value] of point.percentiles.entries()) expect(got[i].percentiles[k]).toBeCloseTo(value, 1);
        }
      }
    }
    // All runs are there: nothing is trained again, on however many ranks.
    const again = await ranks(3, [...args, together]);
    expect(again.code).toBe(0);
    expect(numbers(together, "figure1.json").same).toEqual(shared.same);
  });
});
