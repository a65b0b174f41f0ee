import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { batchnorm } from "./shell.ts";
import { smallDataset, temporaryFolder } from "./support.ts";

const SLOW = 60_000;

describe("usage", () => {
  test.each([[[]], [["reproduce"]]])("%j alone shows the help and exits with 2", async (args) => {
    const { code, err } = await batchnorm(args);
    expect(code).toBe(2);
    expect(err).toContain("Usage: batchnorm");
  });

  test.each([
    [[]],
    [["reproduce"]],
    [["reproduce", "figure1"]],
    [["reproduce", "robustness"]],
    [["reproduce", "depth"]],
    [["reproduce", "bias-drift"]],
    [["figures"]],
    [["train"]],
  ])("%j --help has examples", async (args) => {
    const { code, out } = await batchnorm([...args, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n {2}batchnorm \w/);
  });

  test.each([
    [["reproduce", "figure2"], /unknown command 'figure2'/],
    [["reproduce", "depth", "--search"], /unknown option '--search'/],
    [["reproduce", "depth", "--threads", "0"], /Expected a whole number of at least 1/],
    [["reproduce", "depth", "--steps", "many"], /Expected a whole number of at least 1/],
    [["reproduce", "depth", "--seed", "-1"], /Expected a whole number from 0 to 4294967295/],
    [["reproduce", "depth", "--data", "/nowhere"], /^batchnorm: \/nowhere: found neither train-images-idx3-ubyte/],
    [["figures", "--results", "/nowhere"], /^batchnorm: \/nowhere: found none of figure1\.json, robustness\.json/],
  ])("%j exits with 2 and says why", async (args, sentence) => {
    const { code, out, err } = await batchnorm(args);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe("");
  });

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
});

describe.each([
  { name: "figure1", runs: 4, figures: ["figure1", "figure1-best", "figure1-same"] },
  { name: "robustness", runs: 24, figures: ["robustness"] },
  { name: "depth", runs: 24, figures: ["depth"] },
  { name: "bias-drift", runs: 4, figures: ["bias-drift"] },
])("reproduce $name", ({ name, runs, figures }) => {
  test(
    "trains once, and writes report, numbers and figures that can be drawn again",
    async () => {
      const data = smallDataset();
      const out = join(temporaryFolder(), "out");
      const args = ["reproduce", name, "--quick", "--steps", "20", "--data", data, "--out", out];
      const first = await batchnorm(args);
      expect(first).toMatchObject({ code: 0 });
      expect(first.err).toContain(`Training ${runs} runs`);
      expect(first.out).toContain(`\nReport: ${join(out, `${name}.html`)}\n`);
      const files = [`${name}.html`, `${name}.json`, ...figures.map((figure) => `${figure}.svg`), "runs"];
      expect(readdirSync(out).sort()).toEqual(files.sort());
      expect(readdirSync(join(out, "runs"))).toHaveLength(runs);
      const recorded = JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));
      expect(recorded).toMatchObject({ experiment: name, format: 1, seed: 1, quick: true, steps: 20 });
      expect(recorded.data.trainingImages).toBe(600);

      const before = readFileSync(join(out, `${name}.json`));
      const second = await batchnorm(args);
      expect(second).toEqual({ code: 0, out: first.out, err: "" });
      expect(readFileSync(join(out, `${name}.json`))).toEqual(before);

      const again = join(out, "again");
      const drawn = await batchnorm(["figures", "--results", out, "--out", again]);
      expect(drawn.code).toBe(0);
      expect(readdirSync(again).sort()).toEqual(figures.map((figure) => `${figure}.svg`).sort());
      for (const figure of figures) {
        expect(readFileSync(join(again, `${figure}.svg`))).toEqual(readFileSync(join(out, `${figure}.svg`)));
      }
    },
    SLOW,
  );
});

test(
  "figure1 --search tries every setting for both networks, uses the best and records the choice",
  async () => {
    const out = temporaryFolder();
    const { code, err } = await batchnorm([
      "reproduce",
      "figure1",
      "--search",
      "--quick",
      "--steps",
      "40",
      "--data",
      smallDataset(),
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    expect(err).toContain("Training 30 runs");
    const choice = JSON.parse(readFileSync(join(out, "figure1.choice.json"), "utf8"));
    const results = JSON.parse(readFileSync(join(out, "figure1.json"), "utf8"));
    expect(results.choice).toEqual(choice);
    expect(choice.search).toMatchObject({ steps: 40, finalists: 4, finalSteps: 40, seed: 1 });
    expect(choice.search.trials).toHaveLength(30);
    expect(choice.search.finals).toHaveLength(8);
    for (const [network, batchNorm] of [
      ["withBatchNorm", true],
      ["withoutBatchNorm", false],
    ] as const) {
      const own = choice.search.finals.filter((trial: { batchNorm: boolean }) => trial.batchNorm === batchNorm);
      const top = Math.max(...own.map((trial: { accuracy: number }) => trial.accuracy));
      const { learningRate, sigma } = choice.best[network];
      expect(own).toContainEqual({ batchNorm, learningRate, sigma, accuracy: top });
      expect(results.best[network]).toMatchObject({ batchNorm, learningRate, sigma });
    }
  },
  SLOW,
);

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

describe("figures", () => {
  test.each([
    ["no JSON", "{", /figure1\.json: is not JSON/],
    [
      "another experiment's",
      '{"experiment":"depth","format":1}',
      /expected the results of figure1 in format 1, got depth in format 1/,
    ],
    ["of another format", '{"experiment":"figure1","format":99}', /got figure1 in format 99; record them again/],
    ["not whole", '{"experiment":"figure1","format":1}', /its numbers could not be drawn/],
  ])("refuses numbers that are %s", async (_, content, sentence) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "figure1.json"), content);
    const { code, err } = await batchnorm(["figures", "--results", folder, "--out", folder]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(readdirSync(folder)).toEqual(["figure1.json"]);
  });
});
