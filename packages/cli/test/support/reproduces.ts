/** What every experiment has to do as a command; each has a test that says what is its own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Experiment } from "#dist/experiments/experiment.js";
import type { Recorded } from "#dist/results/recorded.js";
import { writeFewColours } from "./colours.ts";
import { temporaryFolder } from "./folder.ts";
import { smallDataset } from "./mnist.ts";
import { batchnorm } from "./shell.ts";

const SLOW = 300_000;

export interface Expected<Results> {
  /** for `--steps`: few */
  readonly steps: number;
  /** trainings of a `--quick` call, list after list */
  readonly runs: readonly number[];
  /** looks at what was recorded */
  check?(recorded: Results): void;
}

/** `batchnorm reproduce NAME --quick` on few images, run as a shell would. */
export function reproduces<Size, Results extends Recorded<string>>(
  experiment: Experiment<Size, Results>,
  expected: Expected<Results>,
): void {
  const { name, images } = experiment;
  const { steps, runs, check } = expected;
  test(
    `reproduce ${name} trains once, and writes report, numbers and figures that can be drawn again`,
    async () => {
      const data = images === "CIFAR-10" ? writeFewColours(join(temporaryFolder(), "few")) : smallDataset();
      const out = join(temporaryFolder(), "out");
      const args = ["reproduce", name, "--quick", "--steps", String(steps), "--data", data, "--out", out];
      const record = () => readFileSync(join(out, `${name}.json`), "utf8");

      const first = await batchnorm(args);
      expect(first).toMatchObject({ code: 0 });
      for (const count of runs) expect(first.err).toContain(`Training ${count} runs`);
      expect(first.out).toContain(`\nReport: ${join(out, `${name}.html`)}\n`);
      const before = record();
      const recorded = JSON.parse(before);
      const [trainingImages, testImages] = images === "CIFAR-10" ? [100, 20] : [600, 200];
      expect(recorded).toMatchObject({ experiment: name, format: 1, seed: 1, quick: true, steps });
      expect(recorded.data).toMatchObject({ trainingImages, testImages });
      check?.(recorded);
      const { figures } = await experiment.figures();
      const drawings = figures(recorded).map((figure) => `${figure.name}.svg`);
      expect(readdirSync(out).sort()).toEqual([`${name}.html`, `${name}.json`, ...drawings, "runs"].sort());
      const kept = readdirSync(join(out, "runs"));
      expect(kept).toHaveLength(runs.reduce((sum, count) => sum + count));
      expect(kept.every((file) => file.endsWith(".json"))).toBe(true);

      expect(await batchnorm(args)).toEqual({ code: 0, out: first.out, err: "" });
      expect(record()).toBe(before);

      const again = join(out, "again");
      expect(await batchnorm(["figures", "--results", out, "--out", again])).toMatchObject({ code: 0 });
      expect(readdirSync(again).sort()).toEqual(drawings.sort());
      for (const file of drawings) expect(readFileSync(join(again, file))).toEqual(readFileSync(join(out, file)));
    },
    SLOW,
  );
}
