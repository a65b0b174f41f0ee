/** `batchnorm fold --data`: the folded model is run on given samples too. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serializeModel } from "batchnorm-onnx";
import { zipSync } from "fflate";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { batchNorm, model, node, parameters, random, tensor } from "../../../../onnx/test/support/models.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { counting, float32Npy } from "../../support/npy.ts";
import { batchnorm } from "../../support/shell.ts";

/** Two convolutions with batch norm on images of 4 × 6 pixels, and beside it data as `name`. */
function files(name: string, bytes: Uint8Array, batch: number | string = "n", size: (number | string)[] = [4, 6]) {
  const folder = temporaryFolder();
  const made = model({
    inputs: { x: [batch, 3, ...size] },
    outputs: ["y"],
    constants: [random("w", [4, 3, 3, 3]), ...parameters("bn", 4)],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "b"), node("Relu", "b", "y")],
  });
  const path = join(folder, "model.onnx");
  const data = join(folder, name);
  writeFileSync(path, serializeModel(made));
  writeFileSync(data, bytes);
  return { path, data, folder, out: join(folder, "folded.onnx") };
}

/** As many images of 4 × 6 pixels. */
const images = (count: number) => float32Npy([count, 3, 4, 6], counting(count * 72));
const photo = (value: number) =>
  sharp(new Uint8Array(12 * 12 * 3).fill(value), { raw: { width: 12, height: 12, channels: 3 } })
    .png()
    .toBuffer();

describe("fold --data", () => {
  it("runs both models on the first 8 samples, and says so in a second line", async () => {
    const { path, data, out } = files(
      "x.npz",
      zipSync({ "x.npy": images(10), "labels.npy": float32Npy([10], counting(10)) }),
    );
    const { code, out: text, err } = await batchnorm(["fold", path, "-o", out, "--data", data]);
    expect(err).toBe("");
    expect(text).toMatch(/^Run 2 times in onnxruntime on random x \[2, 3, 4, 6\]: largest difference \S+, \S+ of/m);
    expect(text).toContain(
      `Run 1 time in onnxruntime on the first 8 samples of ${data}: "x" as x [8, 3, 4, 6]: largest`,
    );
    expect([code, existsSync(out)]).toEqual([0, true]);
  });

  it("takes as many samples as the model does", async () => {
    const { path, data, out } = files("x.npy", images(3), 2);
    const { out: text } = await batchnorm(["fold", path, "-o", out, "--data", data]);
    expect(text).toContain(`on the first 2 samples of ${data} as x [2, 3, 4, 6]`);
  });

  it("takes images, in the size and layout of the model or as options say", async () => {
    const { path, folder, out } = files("model.json", Buffer.from("{}"), "n", ["h", "w"]);
    mkdirSync(join(folder, "photos"));
    const data = join(folder, "photos");
    for (const name of ["1", "2"]) writeFileSync(join(data, `${name}.png`), await photo(200));
    const fold = (...more: string[]) => batchnorm(["fold", path, "-o", out, "--data", data, ...more]);
    const { out: text, err } = await fold(
      "--image-size",
      "5x7",
      "--mean",
      "0.5,0.4,0.3",
      "--std",
      "0.2",
      "--fit",
      "fill",
    );
    expect(err).toBe("");
    expect(text).toContain(`on the first 2 samples of ${data} as x [2, 3, 5, 7]`);
    expect((await fold()).err).toContain('input "x" [n, 3, h, w] does not tell the size of images: give --image-size');
    expect((await fold("--image-size", "5x7", "--layout", "NHWC")).err).toContain("with 1 or 3 channels, NHWC");
    expect((await fold("--image-size", "5x7", "--mean", "1,2")).err).toContain("1 or 3 numbers for --mean");
  });

  it("writes nothing where the models agree on random values, but not on the samples", async () => {
    // At random values the output is some -7e5, and float32 is good enough; where the mean is, rounding is what is left.
    const values = { gamma: 0.7, beta: 0.1, mean: 1e6, var: 1 };
    const made = model({
      inputs: { x: ["n", 1, 1, 1] },
      outputs: ["y"],
      constants: [
        tensor("w", [1, 1, 1, 1], [0.3]),
        ...Object.entries(values).map(([part, value]) => tensor(`bn.${part}`, [1], [value])),
      ],
      nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "y")],
    });
    const folder = temporaryFolder();
    const [path, data, out] = ["model.onnx", "x.npy", "folded.onnx"].map((name) => join(folder, name));
    writeFileSync(path, serializeModel(made));
    writeFileSync(data, float32Npy([3, 1, 1, 1], [1e6 / 0.3, 1e6 / 0.3 + 1, 1e6 / 0.3 + 2]));
    const without = await batchnorm(["fold", path, "-o", out]);
    expect([without.err, without.code]).toEqual(["", 0]);
    rmSync(out);
    const { code, err } = await batchnorm(["fold", path, "-o", out, "--data", data]);
    expect(err).toContain("differs by more than 0.0001");
    expect([code, existsSync(out)]).toEqual([2, false]);
  });
});

describe("fold --data writes nothing, with exit code 2,", () => {
  const refused = async (name: string, bytes: Uint8Array, message: string, ...more: string[]) => {
    const { path, data, out } = files(name, bytes);
    const { code, out: text, err } = await batchnorm(["fold", path, "-o", out, "--data", data, ...more]);
    expect(err).toContain(message);
    expect([code, text, existsSync(out)]).toEqual([2, "", false]);
  };

  it("for data that do not fit, before anything else is done", async () => {
    await refused("x.npy", float32Npy([1, 4, 6, 3], counting(72)), "the data look like NHWC, the model takes NCHW");
    await refused("x.npy", images(1).subarray(0, 200), "x.npy: is cut off");
    await refused("x.txt", images(1), "expected a folder, or a file that ends in .npy");
  });

  it("for options of images with arrays or without data, and for values they cannot have", async () => {
    await refused("x.npy", images(1), "--mean is for images, but", "--mean", "0.5");
    await refused("x.npy", images(1), "Expected height and width, such as 224x224", "--image-size", "224");
    await refused("x.npy", images(1), "Expected a number, or one for each channel", "--mean", "0.5,");
    await refused("x.npy", images(1), "Expected numbers above 0", "--std", "0");
    const { path, out } = files("x.npy", images(1));
    const { code, err } = await batchnorm(["fold", path, "-o", out, "--fit", "fill"]);
    expect([code, err]).toEqual([2, "batchnorm: --fit is for images, but there is no --data: leave it out\n"]);
  });
});
