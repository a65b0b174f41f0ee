/** `batchnorm recalibrate`: what it writes and shows, and what it does not. */
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import { findBatchNorms, readModel } from "batchnorm-onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchnorm } from "../../support/shell.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../../onnx/test/fixtures/${name}`, import.meta.url));
const CONV = fixture("fuse-conv-bn-no-bias.onnx");
const SAMPLES = 3;

let folder: string;
let out: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "recalibrate-"));
  out = join(folder, "new.onnx");
  data = join(folder, "data.safetensors");
  const random = new Random(1);
  const values = Float32Array.from({ length: SAMPLES * 3 * 224 * 224 }, () => 0.5 + random.normal());
  await writeFile(data, writeSafetensors({ tensors: { data_0: { shape: [SAMPLES, 3, 224, 224], data: values } } }));
});
afterEach(() => rm(folder, { recursive: true }));

describe("new statistics", () => {
  it("are written beside the old weights, and what moved is shown", async () => {
    const before = await readFile(CONV);
    const { code, out: text, err } = await batchnorm(["recalibrate", CONV, "--data", data, "-o", out]);
    expect(text).toContain("1 batch norm, 3 samples, layer by layer in 1 pass\n");
    expect(text).toMatch(/conv1\/bn_1 +64 +37,632 +\S+ \(\S+ … \S+\) +\S+ \(\S+ … \S+\)/);
    expect(text).toMatch(/Moved most:\n {2}conv1\/bn_1\[\d+\] +mean \S+ → \S+ +variance \S+ → \S+\n/);
    expect(text).toContain(`Written to ${out}`);
    expect(err).toContain("3 of 3 samples");
    expect(err).toContain("3 samples may be too few: 1,000 to 10,000 give good estimates");
    expect(code).toBe(0);
    expect(await readFile(CONV)).toEqual(before);

    const [old] = findBatchNorms(await readModel(CONV));
    const [now] = findBatchNorms(await readModel(out));
    expect(now.gamma).toEqual(old.gamma);
    expect(now.beta).toEqual(old.beta);
    expect(now.mean).not.toEqual(old.mean);
    expect(Math.min(...(now.variance ?? []))).toBeGreaterThan(0);
  });

  it("of one pass with a prior, as JSON with every channel, and as a page", async () => {
    const page = join(folder, "moved.html");
    const args = [
      "--data",
      data,
      "-o",
      out,
      "--one-pass",
      "--prior",
      "0.5",
      "--samples",
      "2",
      "--json",
      "--html",
      page,
    ];
    const { code, out: text, err } = await batchnorm(["recalibrate", CONV, ...args]);
    const { recalibrated, ...facts } = JSON.parse(text);
    expect(facts).toMatchObject({ model: CONV, output: out, samples: 2, onePass: true, prior: 0.5, kept: [] });
    expect(recalibrated[0].after.variance.length).toBe(64);
    expect(err).not.toContain("too few");
    expect(code).toBe(0);
    const html = await readFile(page, "utf8");
    expect(html).toContain("1 batch norm from 2 samples without labels, all in one pass");
    expect(html).toContain("The old statistics keep a weight of 0.5.");
    expect(html.match(/<svg/g)?.length).toBe(4);
    const [now] = findBatchNorms(await readModel(out));
    expect(Array.from(now.mean ?? [])).toEqual(recalibrated[0].after.mean);
  });

  it("lists every channel when asked", async () => {
    const { out: text } = await batchnorm(["recalibrate", CONV, "--data", data, "-o", out, "--channels"]);
    expect(text).toContain("Every channel:");
    for (const channel of [0, 31, 63]) expect(text).toContain(`conv1/bn_1[${channel}] `);
  });
});

describe("writes nothing, with exit code 2,", () => {
  const refused = async (args: string[], message: string) => {
    const { code, err } = await batchnorm(["recalibrate", ...args]);
    expect(err).toContain(message);
    expect([code, (await readdir(folder)).includes("new.onnx")]).toEqual([2, false]);
  };

  it("without data or output, or for options out of range", async () => {
    await refused([CONV, "-o", out], "required option '--data <path>' not specified");
    await refused([CONV, "--data", data], "required option '-o, --output <file>' not specified");
    await refused([CONV, "--data", data, "-o", out, "--prior", "2"], "Expected a number from 0 to 1.");
    await refused([CONV, "--data", data, "-o", out, "--samples", "0"], "Expected a whole number of at least 1.");
    await refused([CONV, "--data", data, "-o", out, "--mean", "0.5"], "--mean is for images");
  });

  it("for a file that is no model, or has no batch norm", async () => {
    const text = join(folder, "text.onnx");
    await writeFile(text, "hello");
    await refused([text, "--data", data, "-o", out], "is no ONNX model");
    await refused(
      [join(folder, "none.onnx"), "--data", data, "-o", out],
      `there is no file "${join(folder, "none.onnx")}"`,
    );
    await refused([join(folder, "m.safetensors"), "--data", data, "-o", out], "call recalibrate(model, batches)");
  });

  it("before any work, when the output is the input or cannot be written", async () => {
    const copy = join(folder, "model.onnx");
    await copyFile(CONV, copy);
    const before = await readFile(copy);
    await refused([copy, "--data", join(folder, "none.npy"), "-o", copy], "the original is never changed");
    await refused([copy, "--data", data, "-o", join(folder, "missing", "x.onnx")], "cannot write");
    await refused([copy, "--data", data, "-o", folder], "it is a folder");
    expect(await readFile(copy)).toEqual(before);
  });

  it("for data of another shape, or that are not finite", async () => {
    const wrong = join(folder, "wrong.safetensors");
    await writeFile(
      wrong,
      writeSafetensors({ tensors: { data_0: { shape: [1, 224, 224, 3], data: new Float32Array(150528) } } }),
    );
    await refused([CONV, "--data", wrong, "-o", out], "the data look like NHWC");
    const values = new Float32Array(150528);
    values[7] = Number.NaN;
    await writeFile(wrong, writeSafetensors({ tensors: { data_0: { shape: [1, 3, 224, 224], data: values } } }));
    await refused([CONV, "--data", wrong, "-o", out], "expected values that are finite, got NaN in sample 0");
  });
});

it("leaves nothing behind when it is interrupted", async () => {
  const { code } = await batchnorm(["recalibrate", CONV, "--data", data, "-o", out], () => true);
  expect(code).not.toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["data.safetensors"]);
});
