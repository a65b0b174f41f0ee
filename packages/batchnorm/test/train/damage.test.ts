/** Files that are cut off, altered or of something else: a clear error, and a trainer that has not changed. */
import { Adam, BatchNormError, Linear, Sequential, SGD, Trainer } from "batchnorm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "#dist/formats/safetensors.js";
import { sealed } from "../support/checkpoint.ts";
import { sameBytes } from "../support/data.ts";
import { rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const network = (seed = 1) => smallNetwork({ width: 4, seed });
const momentum = () => ({ optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

let saved: Uint8Array;
beforeAll(async () => {
  const trainer = new Trainer(network(), momentum());
  await trainer.fit(smallDataset(), { untilStep: 9, batchSize: 8 });
  saved = await trainer.save();
  await trainer.close();
});

/** Whether a trainer whose state is `before` refuses the bytes and stays as it is, or takes them for what was saved. */
async function survives(trainer: Trainer, before: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  try {
    await trainer.resume(bytes);
  } catch (error) {
    return error instanceof BatchNormError && error.code === "E_FORMAT" && sameBytes(await trainer.save(), before);
  }
  const harmless = sameBytes(await trainer.save(), saved);
  await trainer.resume(before);
  return harmless;
}

describe("a damaged checkpoint", () => {
  it("is refused when it is cut off, at any length", async () => {
    const trainer = openTrainer(network(5), momentum());
    const before = await trainer.save();
    for (let length = 0; length < saved.length; length++) {
      let code: unknown = "nothing";
      try {
        await trainer.resume(saved.subarray(0, length));
      } catch (error) {
        code = (error as BatchNormError).code;
      }
      if (code !== "E_FORMAT") expect.fail(`cut off at ${length}: ${code}`);
    }
    expect(sameBytes(await trainer.save(), before)).toBe(true);
  });

  it("is refused when bytes are added", async () => {
    const trainer = openTrainer(network(5), momentum());
    const before = await trainer.save();
    await rejects(() => trainer.resume(Uint8Array.from([...saved, 0])), "E_FORMAT");
    expect(sameBytes(await trainer.save(), before)).toBe(true);
  });

  it("is refused, or harmless, when any one byte is another", async () => {
    const trainer = openTrainer(network(5), momentum());
    const before = await trainer.save();
    const bytes = saved.slice();
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] ^= 1 << (at % 8);
      if (!(await survives(trainer, before, bytes))) expect.fail(`byte ${at}`);
      bytes[at] = saved[at];
    }
  });

  it("is refused, or harmless, when some bytes are others", async () => {
    const trainer = openTrainer(network(5), momentum());
    const before = await trainer.save();
    const change = fc.record({ at: fc.nat({ max: saved.length - 1 }), to: fc.nat({ max: 255 }) });
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(changes, async (list) => {
      const bytes = saved.slice();
      for (const { at, to } of list) bytes[at] = to;
      return survives(trainer, before, bytes);
    });
    await fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it("is refused when it is a safetensors file without a checkpoint's metadata", async () => {
    const trainer = openTrainer(network(), momentum());
    const bytes = writeSafetensors({ tensors: trainer.model.stateDict(), metadata: { format: "pt" } });
    await rejects(() => trainer.resume(bytes), "E_FORMAT", "expected a checkpoint");
  });
});

describe("a checkpoint of a later version", () => {
  it("is refused, though its checksum is right", async () => {
    const { tensors, metadata } = readSafetensors(saved);
    const checkpoint = metadata.checkpoint.replace('"version":2', '"version":3');
    expect(checkpoint).not.toBe(metadata.checkpoint);
    const trainer = openTrainer(network(), momentum());
    await rejects(
      () => trainer.resume(sealed(tensors, checkpoint)),
      "E_FORMAT",
      "[resume] expected",
      "version 2, got 3",
    );
  });
});

describe("a checkpoint with metadata that cannot be", () => {
  const { parse, stringify } = JSON;
  it.each<[string, (checkpoint: Record<string, unknown>) => unknown, string]>([
    ["no order", ({ order: _, ...rest }) => rest, "with its order as an object, got undefined"],
    ["a step that is true", (rest) => ({ ...rest, step: true }), "whose step is a whole number from 0 on, got true"],
    ["a step of 1.5", (rest) => ({ ...rest, step: 1.5 }), "whose step is a whole number from 0 on, got 1.5"],
    ["no counts of steps", ({ taken: _, ...rest }) => rest, "with its counts of steps as an object, got undefined"],
    [
      "a weight that is ahead of all",
      (rest) => ({ ...rest, taken: { ...(rest.taken as object), "0.weight": 1e6 } }),
      "in which 0.weight has taken at most",
    ],
    ["no optimizer", (rest) => ({ ...rest, optimizer: null }), "with the name of its optimizer, got null"],
    ["no generators", (rest) => ({ ...rest, randoms: [] }), "with the states of its generators, got []"],
    ["a list", () => [1, 2], "of version 2, got undefined"],
    ["null", () => null, "with its metadata as an object, got null"],
  ])("%s is refused, and nothing has changed", async (_name, change, words) => {
    const { tensors, metadata } = readSafetensors(saved);
    const trainer = openTrainer(network(5), momentum());
    const before = await trainer.save();
    const bytes = sealed(tensors, stringify(change(parse(metadata.checkpoint))));
    await rejects(() => trainer.resume(bytes), "E_FORMAT", `[resume] expected a checkpoint ${words}`);
    expect(sameBytes(await trainer.save(), before)).toBe(true);
  });

  it("text that is no JSON is refused, with why", async () => {
    const { tensors } = readSafetensors(saved);
    const trainer = openTrainer(network(5), momentum());
    await expect(trainer.resume(sealed(tensors, "{step: 1}"))).rejects.toMatchObject({
      code: "E_FORMAT",
      cause: expect.any(SyntaxError),
    });
  });
});

describe("a checkpoint of something else", () => {
  const refused = async (trainer: Trainer, what: string) => {
    const before = await trainer.save();
    await rejects(() => trainer.resume(saved), "E_DICT", what);
    expect(sameBytes(await trainer.save(), before)).toBe(true);
  };

  it("is refused by a model of another width", async () => {
    await refused(
      openTrainer(smallNetwork({ width: 5 }), momentum()),
      "this model: expected 0.weight of shape [5, 6], got [4, 6]",
    );
  });

  it("is refused by a model with other layers", async () => {
    const longer = new Sequential(...network().layers, new Linear(3, 3));
    await refused(openTrainer(longer, momentum()), "of this model, but it lacks 8.weight, 8.bias");
    const shorter = new Sequential(...network().layers.slice(0, 7));
    await refused(openTrainer(shorter, momentum()), "of this model, but it has 7.weight, 7.bias, unknown here");
  });

  it("is refused by a model without its dropout", async () => {
    const layers = [...network().layers];
    layers[3] = layers[2];
    await refused(
      openTrainer(new Sequential(...layers), momentum()),
      "a model with 0 layers that draw random numbers (Dropout), got one with 1",
    );
  });

  it("is refused by another optimizer, and by one that remembers something else", async () => {
    await refused(
      openTrainer(network(), { optimizer: new Adam({ lr: 0.1 }) }),
      "checkpoint of Adam, which this trainer has, got one of SGD: make the trainer",
    );
    await refused(
      openTrainer(network(), { optimizer: new SGD({ lr: 0.1 }) }),
      "of SGD with the same options, on the same trainable parameters, but it has velocity.0.weight",
    );
  });

  it("is refused when another set of parameters trains", async () => {
    const model = network();
    model.parameters()[0].trainable = false;
    await refused(openTrainer(model, momentum()), "but it has velocity.0.weight, unknown here");
  });
});
