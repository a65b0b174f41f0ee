/** `batchnorm fold`: what it writes, and what it does not. */
import { copyFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findBatchNorms, readModel } from "batchnorm-onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchnorm } from "../../support/shell.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../../onnx/test/fixtures/${name}`, import.meta.url));
const CONV = fixture("fuse-conv-bn-no-bias.onnx");

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fold-"));
  out = join(folder, "folded.onnx");
});
afterEach(() => rm(folder, { recursive: true }));

const written = () =>
  stat(out).then(
    () => true,
    () => false,
  );

it("writes a model without batch norm that gives the same, and says what it did", async () => {
  const before = await readFile(CONV);
  const result = await batchnorm(["fold", CONV, "-o", out]);
  expect(result.err).toBe("");
  expect(result.out).toContain("1 batch norm folded, 0 kept");
  expect(result.out).toContain('conv1/bn_1 into the Conv that makes "conv1_1"');
  expect(result.out).toMatch(
    /Run 2 times in onnxruntime on random data_0 \[1, 3, 224, 224\]: largest difference \S+e-\d+/,
  );
  expect(result.out).toMatch(/folded\.onnx: 2 nodes of 3, 38,240 bytes of 39,172/);
  expect(result.out).toMatch(/onnxruntime, one thread: \S+ ms a run, before \S+; with its own .* before \S+$/m);
  expect(result.code).toBe(0);
  expect(findBatchNorms(await readModel(out))).toEqual([]);
  expect(await readFile(CONV)).toEqual(before);
});

describe("writes nothing, with exit code 2,", () => {
  const refused = async (args: string[], message: string) => {
    const { code, err } = await batchnorm(["fold", ...args]);
    expect(err).toContain(message);
    expect([code, await written()]).toEqual([2, false]);
  };

  it("when nothing can be folded, and says why", async () => {
    const path = fixture("fuse-matmul-bn-directly-dont-fuse.onnx");
    const { code, out: text, err } = await batchnorm(["fold", path, "-o", out]);
    expect(text).toContain("output stays: the channels of the MatMul");
    expect(err).toContain("nothing can be folded, so nothing was written");
    expect([code, await written()]).toEqual([2, false]);
  });

  it("when the models differ by more than the bound", async () => {
    await refused([CONV, "-o", out, "--bound", "1e-9"], "differs by more than 1e-9");
  });

  it("when the output is the input", async () => {
    const copy = join(folder, "model.onnx");
    await copyFile(CONV, copy);
    const before = await readFile(copy);
    await refused([copy, "-o", copy], "the original is never changed");
    expect(await readFile(copy)).toEqual(before);
  });

  it("for a state dict, a shape that does not fit, a name that is none, and no output", async () => {
    await refused([join(folder, "model.safetensors"), "-o", out], "foldStateDict of the library");
    await refused([CONV, "-o", out, "--shape", "data_0=1,4,32,32"], "data_0");
    await refused([CONV, "-o", out, "--shape", "x=1,3,32,32"], 'got "x"');
    await refused([CONV, "-o", out, "--shape", "1,3,32,32"], "Expected a name and sizes");
    await refused([CONV], "required option '-o, --output <file>' not specified");
    await refused([CONV, "-o", join(folder, "missing", "out.onnx")], "cannot write");
  });
});
