/** `batchnorm reproduce shift`, run as a shell would. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { store } from "#dist/datasets/cache.js";
import { cifar10Folder, readCifar10Files } from "#dist/datasets/cifar10.js";
import { writeFewColours } from "../../support/colours.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { smallDataset } from "../../support/mnist.ts";
import { batchnorm } from "../../support/shell.ts";

const SLOW = 300_000;
const LEFT_OUT =
  "CIFAR-10 is left out: it is not in the cache, or not as it was stored. Fetch it with: batchnorm data cifar10\n";

beforeEach(() => {
  vi.stubEnv("BATCHNORM_CACHE", temporaryFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function storeFewColours(): Promise<void> {
  await store(cifar10Folder(), await readCifar10Files(writeFewColours(join(temporaryFolder(), "few"))));
}

test(
  "does without CIFAR-10, adds it when it is there, and writes figures that can be drawn again",
  async () => {
    const out = join(temporaryFolder(), "out");
    const args = ["reproduce", "shift", "--quick", "--steps", "12", "--data", smallDataset(), "--out", out];
    const recorded = () => JSON.parse(readFileSync(join(out, "shift.json"), "utf8"));
    const page = () => readFileSync(join(out, "shift.html"), "utf8");
    const runs = () => readdirSync(join(out, "runs"));

    const first = await batchnorm(args);
    expect(first).toMatchObject({ code: 0 });
    expect(first.err).toContain(LEFT_OUT);
    expect(first.err).toContain("Training 13 runs");
    expect(first.out).toContain(`\nReport: ${join(out, "shift.html")}\n`);
    expect(readdirSync(out).sort()).toEqual(["runs", "shift-samples.svg", "shift.html", "shift.json", "shift.svg"]);
    expect(page()).toContain("CIFAR-10 was left out");
    expect(runs()).toHaveLength(14);
    const [mnist, ...others] = recorded().networks;
    expect(others).toEqual([]);
    expect(mnist).toMatchObject({ network: "mnist", steps: 12, statisticsImages: 100, measuredImages: 100 });
    expect(mnist.fewClassesImages).toBe(30);
    expect(mnist.clean.samples.map(({ images }: { images: number }) => images)).toEqual([4, 8, 16, 32, 64, 100]);
    expect(mnist.shifts.filter(({ samples }: { samples?: object }) => samples)).toHaveLength(4);

    const again = await batchnorm(args);
    expect(again).toEqual({ code: 0, out: first.out, err: LEFT_OUT });

    await storeFewColours();
    const both = await batchnorm(args);
    expect(both).toMatchObject({ code: 0 });
    expect(both.err).not.toContain("left out");
    expect(page()).not.toContain("CIFAR-10 was left out");
    expect(runs()).toHaveLength(28);
    expect(runs().every((file) => file.endsWith(".json"))).toBe(true);
    expect(recorded().networks[0]).toEqual(mnist);
    expect(recorded().networks[1]).toMatchObject({ network: "resnet8", trainImages: 100, batchSize: 100, steps: 12 });
    expect(recorded()).toMatchObject({ experiment: "shift", format: 1, quick: true, data: { trainingImages: 600 } });

    const drawn = join(out, "drawn");
    expect(await batchnorm(["figures", "--results", out, "--out", drawn])).toMatchObject({ code: 0 });
    expect(readdirSync(drawn).sort()).toEqual(["shift-samples.svg", "shift.svg"]);
    for (const file of readdirSync(drawn))
      expect(readFileSync(join(drawn, file))).toEqual(readFileSync(join(out, file)));
  },
  SLOW,
);

test("a data set with too few test images, and a folder without one, exit with 2 and say why", async () => {
  const few = await batchnorm(["reproduce", "shift", "--data", smallDataset(60, 3), "--out", temporaryFolder()]);
  expect(few.code).toBe(2);
  expect(few.err).toMatch(
    /expected at least 2 images of the classes 0, 1 and 2 among the first 1 test images, .*; got 1$/m,
  );
  const none = await batchnorm(["reproduce", "shift", "--data", "/nowhere"]);
  expect(none.code).toBe(2);
  expect(none.err).toMatch(/^batchnorm: \/nowhere: found neither train-images-idx3-ubyte/);
});
