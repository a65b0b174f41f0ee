/** `batchnorm inspect`: what it finds in files, and what it says of them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BatchNorm, Linear, Sequential } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { batchnorm as run } from "../../support/shell.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../../../onnx/test/fixtures/${name}`, import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "inspect-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A state dict with two batch norms whose statistics have moved; `change` may spoil it. */
async function stored(change: (model: Sequential) => void = () => {}): Promise<string> {
  const model = new Sequential(
    new Linear(2, 3),
    new BatchNorm(3),
    new Linear(3, 2),
    new BatchNorm(2, { affine: false }),
  );
  for (const layer of model.layers) {
    if (layer instanceof BatchNorm) {
      layer.runningMean!.data.fill(0.5);
      layer.runningVar!.data.fill(2);
    }
  }
  change(model);
  const path = join(folder, "model.safetensors");
  const tensors = Object.fromEntries(
    Object.entries(model.stateDict()).map(([name, { shape, data }]) => [
      name,
      name.endsWith("tracked") ? { shape, data: BigInt64Array.of(7n) } : { shape, data },
    ]),
  );
  await writeFile(path, writeSafetensors({ tensors, metadata: {} }));
  return path;
}

const bn = (model: Sequential, at: number) => model.layers[at] as BatchNorm;

describe("a state dict", () => {
  it("that is well gets a table and exit code 0", async () => {
    const { code, out: stdout } = await run(["inspect", await stored()]);
    expect(stdout).toMatch(/2 batch norms \(safetensors\)/);
    expect(stdout).toMatch(/^1 {2,}3 {2,}1e-5\? {2,}1 {2,}0\.5 {2,}2$/m);
    expect(stdout).toContain("Nothing wrong found");
    expect(code).toBe(0);
  });

  it("with an error gets its reason, its channel and exit code 1", async () => {
    const path = await stored((model) => {
      bn(model, 1).runningVar!.data[2] = Number.NaN;
    });
    const { code, out: stdout } = await run(["inspect", path]);
    expect(stdout).toMatch(/error 1: γ, β, mean or variance is NaN or infinite in 1 of 3 channels \(2\); /);
    expect(code).toBe(1);
  });

  it("is coloured where the environment asks for colour", async () => {
    const path = await stored((model) => {
      bn(model, 1).runningVar!.data[2] = Number.NaN;
    });
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("FORCE_COLOR", "1");
    const { out: stdout } = await run(["inspect", path]);
    vi.unstubAllEnvs();
    expect(stdout).toContain("\u001b[31merror\u001b[39m");
  });

  it("with a warning gets exit code 1 only with --strict", async () => {
    const path = await stored((model) => {
      bn(model, 3).runningVar!.data[0] = 1e-4;
    });
    expect((await run(["inspect", path])).code).toBe(0);
    const { code, out: stdout } = await run(["inspect", path, "--strict", "--eps", "0.001"]);
    expect(stdout).toContain("ε = 0.001 is larger than the variance in 1 of 2 channels (0)");
    expect(code).toBe(1);
  });

  it("as JSON has summaries and findings; as a page, histograms", async () => {
    const page = join(folder, "page.html");
    const { out: stdout } = await run(["inspect", await stored(), "--json", "--html", page]);
    const { format, assumedEps, batchNorms } = JSON.parse(stdout);
    expect([format, assumedEps]).toEqual(["safetensors", 1e-5]);
    expect(batchNorms).toMatchObject([
      {
        name: "1",
        channels: 3,
        eps: null,
        batchesTracked: 7,
        fold: null,
        findings: [],
        summaries: { variance: { min: 2 } },
      },
      { name: "3", summaries: { gamma: { min: 1, max: 1 }, beta: { max: 0 } } },
    ]);
    const text = await readFile(page, "utf8");
    expect(text.match(/<svg/g)).toHaveLength(8);
    expect(text).toContain('<section id="bn-1">');
  });
});

describe("an ONNX model", () => {
  it("has ε, momentum and what would take the batch norm", async () => {
    const { code, out: stdout } = await run(["inspect", fixture("fuse-matmul-bn-directly.onnx")]);
    expect(stdout).toMatch(/^output {2,}5 {2,}1e-5 {2,}1 .*0\.1 {2,}into the MatMul/m);
    expect(code).toBe(0);
  });

  it("in training mode is an error", async () => {
    const { code, out: stdout } = await run(["inspect", fixture("test_batchnorm_example_training_mode/model.onnx")]);
    expect(stdout).toContain("error y: it normalizes by the statistics of each batch");
    expect(code).toBe(1);
  });
});

describe("is refused, with exit code 2 and nothing printed,", () => {
  const refused = async (args: string[], message: string) => {
    const { code, out: stdout, err: stderr } = await run(["inspect", ...args]);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, ""]);
  };

  it("what is no model", async () => {
    await refused([join(folder, "model.pt")], "expected a file that ends in .onnx or .safetensors");
    await refused([join(folder, "none.onnx")], "none.onnx");
    const path = join(folder, "bad.safetensors");
    await writeFile(path, "hello, this is text");
    await refused([path], "bad.safetensors: [safetensors] expected a header");
    await writeFile(join(folder, "bad.onnx"), "hello");
    await refused([join(folder, "bad.onnx")], "is no ONNX model");
  });

  it("a model without batch norm", async () => {
    const path = join(folder, "plain.safetensors");
    await writeFile(path, writeSafetensors({ tensors: new Linear(2, 2).stateDict(), metadata: {} }));
    await refused([path], "expected a model with batch norm, found no name that ends in running_mean");
  });

  it("a page that cannot be written", async () => {
    const page = join(folder, "missing", "page.html");
    const { code, err: stderr } = await run(["inspect", await stored(), "--html", page]);
    expect(stderr).toContain("ENOENT");
    expect(code).toBe(1);
  });
});
