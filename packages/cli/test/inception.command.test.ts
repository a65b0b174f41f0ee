import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { writeFewColours } from "./colours.ts";
import { batchnorm } from "./shell.ts";
import { temporaryFolder } from "./support.ts";

const SLOW = 300_000;
const recorded = (out: string, name: string) => JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));

/** Everything but the seconds that trainings took. */
function timeless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "seconds" ? undefined : inner)));
}

interface Run {
  readonly learningRate: number;
  readonly seed: number;
  readonly images: number;
  readonly accuracy: number;
}

/** What is in the numbers of an experiment alone. */
const CHECKS = {
  inception({ search, runs }: { search: { chosen: number; trials: Run[] }; runs: Run[] }) {
    expect(search.trials.map(({ learningRate }) => learningRate)).toEqual([0.02, 0.1]);
    expect([0.02, 0.1]).toContain(search.chosen);
    const factors = runs.map(({ learningRate }) => learningRate / search.chosen);
    for (const [index, factor] of [1, 1, 5, 30, 5, 1].entries()) expect(factors[index]).toBeCloseTo(factor, 9);
  },
  regularizer({ sizes, runs }: { sizes: number[]; runs: Run[] }) {
    expect(sizes).toEqual([90]);
    expect(runs.map(({ images }) => images)).toEqual([90, 90, 90, 90]);
  },
  ensemble({ members, votes }: { members: Run[]; votes: { mean: number; choices: number }[] }) {
    expect(members.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(votes.map(({ choices }) => choices)).toEqual([6, 15, 20, 15, 6, 1]);
    // What each network's own measurement says, and its stored probabilities.
    expect(votes[0].mean).toBeCloseTo(members.reduce((sum, { accuracy }) => sum + accuracy, 0) / 6, 12);
  },
};

describe.each([
  { name: "inception", runs: [2, 6] },
  { name: "regularizer", runs: [4] },
  { name: "ensemble", runs: [6] },
] as const)("reproduce $name", ({ name, runs }) => {
  test(
    "trains once, and writes report, numbers and a figure that can be drawn again",
    async () => {
      const data = writeFewColours(join(temporaryFolder(), "few"));
      const out = join(temporaryFolder(), "out");
      const args = ["reproduce", name, "--quick", "--steps", "2", "--data", data, "--out", out];
      const first = await batchnorm(args);
      expect(first).toMatchObject({ code: 0 });
      for (const count of runs) expect(first.err).toContain(`Training ${count} runs`);
      expect(first.out).toContain(`\nReport: ${join(out, `${name}.html`)}\n`);
      expect(readdirSync(out).sort()).toEqual([`${name}.html`, `${name}.json`, `${name}.svg`, "runs"]);
      const finished = readdirSync(join(out, "runs"));
      expect(finished).toHaveLength(runs.reduce<number>((sum, count) => sum + count, 0));
      expect(finished.every((file) => file.endsWith(".json"))).toBe(true);
      expect(recorded(out, name)).toMatchObject({
        experiment: name,
        format: 1,
        quick: true,
        steps: 2,
        batchSize: 32,
        data: { name: "few", trainingImages: 100, testImages: 20, side: 32, threshold: null },
      });

      const before = recorded(out, name);
      CHECKS[name](before);
      const second = await batchnorm(args);
      expect(second).toEqual({ code: 0, out: first.out, err: "" });
      expect(recorded(out, name)).toEqual(before);

      const again = join(out, "again");
      expect(await batchnorm(["figures", "--results", out, "--out", again])).toMatchObject({ code: 0 });
      expect(readdirSync(again)).toEqual([`${name}.svg`]);
      expect(readFileSync(join(again, `${name}.svg`))).toEqual(readFileSync(join(out, `${name}.svg`)));
    },
    SLOW,
  );
});

describe("a command that was stopped goes on in the middle of its trainings, to the same numbers", () => {
  // 2 steps an epoch: checkpoints after 2 and 4 of 5.
  const train = (folder: string, out: string, stop?: () => boolean, signal?: NodeJS.Signals) => {
    const args = ["reproduce", "regularizer", "--quick", "--steps", "5", "--threads", "1"];
    return batchnorm([...args, "--data", folder, "--out", out], stop, undefined, signal);
  };
  const files = (out: string) => (existsSync(join(out, "runs")) ? readdirSync(join(out, "runs")) : []);
  const named = (out: string, ending: string) => files(out).filter((file) => file.endsWith(ending));
  /** Whether a training is finished, and another has a checkpoint. */
  const begun = (out: string) => {
    const finished = named(out, ".json").map((file) => file.replace(".json", ""));
    return finished.length > 0 && named(out, ".safetensors").some((file) => !finished.includes(file.split(".")[0]));
  };
  let folder: string;
  let whole: string;
  beforeAll(async () => {
    const root = mkdtempSync(join(tmpdir(), "batchnorm-cli-"));
    folder = writeFewColours(join(root, "few"));
    whole = join(root, "whole");
    expect(await train(folder, whole)).toMatchObject({ code: 0 });
    return () => rmSync(root, { recursive: true, force: true });
  }, SLOW);

  test.each(["SIGINT", "SIGKILL"] as const)(
    "by %s",
    async (signal) => {
      const out = temporaryFolder();
      const stopped = await train(folder, out, () => begun(out), signal);
      expect(stopped.code).toBe(signal === "SIGINT" ? 130 : null);
      if (signal === "SIGINT") {
        expect(stopped.err).toContain(
          `batchnorm: Interrupted. Finished trainings, and checkpoints of those under way, are kept in ${join(out, "runs")}. The same command continues with the others.\n`,
        );
      }
      expect(existsSync(join(out, "regularizer.json"))).toBe(false);

      const continued = await train(folder, out);
      expect(continued).toMatchObject({ code: 0 });
      expect(continued.err).toMatch(/1 at a time; \d runs? from before kept, 1 run going on from a checkpoint\./);
      expect(timeless(recorded(out, "regularizer"))).toEqual(timeless(recorded(whole, "regularizer")));
      expect(named(out, ".safetensors")).toEqual([]);
    },
    SLOW,
  );
});

describe("bad input", () => {
  test.each(["inception", "regularizer", "ensemble"])("%s says how to get the data", async (name) => {
    vi.stubEnv("BATCHNORM_CACHE", join(temporaryFolder(), "nothing"));
    const { code, out, err } = await batchnorm(["reproduce", name, "--quick", "--out", temporaryFolder()]);
    vi.unstubAllEnvs();
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/CIFAR-10 is not there.*batchnorm data cifar10/);
  });

  test("a folder without the files, or with too few images, exits with 2 and says why", async () => {
    const empty = await batchnorm(["reproduce", "ensemble", "--data", "/nowhere"]);
    expect(empty.code).toBe(2);
    expect(empty.err).toMatch(/^batchnorm: \/nowhere: found no data_batch_1\.bin/);

    const few = writeFewColours(join(temporaryFolder(), "tiny"), 4);
    const tiny = await batchnorm(["reproduce", "ensemble", "--data", few, "--out", temporaryFolder()]);
    expect(tiny.code).toBe(2);
    expect(tiny.err).toMatch(/^batchnorm: tiny: expected at least 32 training images/);
  });
});
