import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { EXPERIMENTS } from "#dist/experiments/index.js";
import { writeFewColours } from "../../support/colours.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { smallDataset } from "../../support/mnist.ts";
import { batchnorm } from "../../support/shell.ts";

const SLOW = 300_000;
const recorded = (out: string, name: string) => JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));

/** Everything but the seconds that trainings took. */
function timeless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "seconds" ? undefined : inner)));
}

test("a folder that cannot be written to exits with 1 and says why", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const { code, err } = await batchnorm([
    "reproduce",
    "bias-drift",
    "--steps",
    "2",
    "--data",
    smallDataset(),
    "--out",
    file,
  ]);
  expect(code).toBe(1);
  expect(err).toMatch(/batchnorm: .*(ENOTDIR|EEXIST)/);
  expect(err).not.toMatch(/^\s+at /m);
});

test(
  "Ctrl-C exits with 130, keeps what is finished, and the same command continues",
  async () => {
    const data = smallDataset();
    const out = temporaryFolder();
    const args = [
      "reproduce",
      "robustness",
      "--quick",
      "--steps",
      "150",
      "--threads",
      "1",
      "--data",
      data,
      "--out",
      out,
    ];
    const runs = join(out, "runs");
    const finished = () => (existsSync(runs) ? readdirSync(runs).filter((file) => file.endsWith(".json")).length : 0);
    const stopped = await batchnorm(args, () => finished() >= 2);
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain(
      `batchnorm: Interrupted. Finished trainings are kept in ${runs}. The same command continues with the others.\n`,
    );
    expect(existsSync(join(out, "robustness.html"))).toBe(false);
    const kept = finished();
    expect(kept).toBeGreaterThanOrEqual(2);
    expect(kept).toBeLessThan(24);
    const continued = await batchnorm(args);
    expect(continued.code).toBe(0);
    expect(continued.err).toContain(`Training ${24 - kept} runs, 1 at a time; ${kept} runs from before kept.`);
    expect(existsSync(join(out, "robustness.html"))).toBe(true);
  },
  SLOW,
);

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
  test.each(EXPERIMENTS.filter(({ images }) => images === "CIFAR-10").map(({ name }) => name))(
    "%s says how to get the data",
    async (name) => {
      vi.stubEnv("BATCHNORM_CACHE", join(temporaryFolder(), "nothing"));
      const { code, out, err } = await batchnorm(["reproduce", name, "--quick", "--out", temporaryFolder()]);
      vi.unstubAllEnvs();
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toMatch(/CIFAR-10 is not there.*batchnorm data cifar10/);
    },
  );

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
