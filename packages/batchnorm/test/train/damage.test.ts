/** Files that are cut off, altered or of something else: a clear error, and a trainer that has not changed. */
import { Adam, BatchNormError, Linear, Sequential, SGD, Trainer } from "batchnorm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { crc32 } from "#dist/formats/crc32.js";
import { readSafetensors, writeSafetensors } from "#dist/formats/safetensors.js";
import { bytesOf, sameBytes } from "../support/data.ts";
import { fitAll, openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const network = (seed = 1) => smallNetwork({ width: 4, seed });
const momentum = () => ({ optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

let saved: Uint8Array;
beforeAll(async () => {
  const trainer = new Trainer(network(), momentum());
  await fitAll(trainer, smallDataset(), { steps: 9, batchSize: 8 });
  saved = trainer.save();
  trainer.close();
});

/** Whether a trainer whose state is `before` refuses the bytes and stays as it is, or takes them for what was saved. */
function survives(trainer: Trainer, before: Uint8Array, bytes: Uint8Array): boolean {
  try {
    trainer.resume(bytes);
  } catch (error) {
    return error instanceof BatchNormError && error.code === "E_FORMAT" && sameBytes(trainer.save(), before);
  }
  const harmless = sameBytes(trainer.save(), saved);
  trainer.resume(before);
  return harmless;
}

describe("a damaged checkpoint", () => {
  it("is refused when it is cut off, at any length", () => {
    const trainer = openTrainer(network(5), momentum());
    const before = trainer.save();
    for (let length = 0; length < saved.length; length++) {
      let code: unknown = "nothing";
      try {
        trainer.resume(saved.subarray(0, length));
      } catch (error) {
        code = (error as BatchNormError).code;
      }
      if (code !== "E_FORMAT") expect.fail(`cut off at ${length}: ${code}`);
    }
    expect(sameBytes(trainer.save(), before)).toBe(true);
  });

  it("is refused when bytes are added", () => {
    const trainer = openTrainer(network(5), momentum());
    const before = trainer.save();
    expect(() => trainer.resume(Uint8Array.from([...saved, 0]))).toThrow(expect.objectContaining({ code: "E_FORMAT" }));
    expect(sameBytes(trainer.save(), before)).toBe(true);
  });

  it("is refused, or harmless, when any one byte is another", () => {
    const trainer = openTrainer(network(5), momentum());
    const before = trainer.save();
    const bytes = saved.slice();
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] ^= 1 << (at % 8);
      if (!survives(trainer, before, bytes)) expect.fail(`byte ${at}`);
      bytes[at] = saved[at];
    }
  });

  it("is refused, or harmless, when some bytes are others", () => {
    const trainer = openTrainer(network(5), momentum());
    const before = trainer.save();
    const change = fc.record({ at: fc.nat({ max: saved.length - 1 }), to: fc.nat({ max: 255 }) });
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    const property = fc.property(changes, (list) => {
      const bytes = saved.slice();
      for (const { at, to } of list) bytes[at] = to;
      return survives(trainer, before, bytes);
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it("is refused when it is a safetensors file without a checkpoint's metadata", () => {
    const trainer = openTrainer(network(), momentum());
    const bytes = writeSafetensors({ tensors: trainer.model.stateDict(), metadata: { format: "pt" } });
    expect(() => trainer.resume(bytes)).toThrow(
      expect.objectContaining({ code: "E_FORMAT", message: expect.stringContaining("expected a checkpoint") }),
    );
  });
});

describe("a checkpoint of a later version", () => {
  it("is refused, though its checksum is right", () => {
    const { tensors, metadata } = readSafetensors(saved);
    const checkpoint = metadata.checkpoint.replace('"version":1', '"version":2');
    expect(checkpoint).not.toBe(metadata.checkpoint);
    // The checksum is over the metadata, then over each array in the order of their names.
    const text = new TextEncoder();
    let sum = crc32(text.encode(checkpoint));
    for (const name of Object.keys(tensors).sort()) {
      const { shape, data } = tensors[name];
      sum = crc32(text.encode(`${name} ${data.BYTES_PER_ELEMENT} ${shape}`), sum);
      sum = crc32(bytesOf(data), sum);
    }
    const bytes = writeSafetensors({ tensors, metadata: { checkpoint, crc32: sum.toString(16).padStart(8, "0") } });
    expect(() => openTrainer(network(), momentum()).resume(bytes)).toThrow(
      expect.objectContaining({ code: "E_FORMAT", message: expect.stringContaining("version 1, got 2") }),
    );
  });
});

describe("a checkpoint of something else", () => {
  const refused = (trainer: Trainer, what: string) => {
    const before = trainer.save();
    expect(() => trainer.resume(saved)).toThrow(
      expect.objectContaining({ code: "E_DICT", message: expect.stringContaining(what) }),
    );
    expect(sameBytes(trainer.save(), before)).toBe(true);
  };

  it("is refused by a model of another width", () => {
    refused(openTrainer(smallNetwork({ width: 5 }), momentum()), "0.weight of shape [5, 6], got [4, 6]");
  });

  it("is refused by a model with other layers", () => {
    const longer = new Sequential(...network().layers, new Linear(3, 3));
    refused(openTrainer(longer, momentum()), "it lacks model.8.weight");
    const shorter = new Sequential(...network().layers.slice(0, 7));
    refused(openTrainer(shorter, momentum()), "it has model.7.weight");
  });

  it("is refused by a model without its dropout", () => {
    const layers = [...network().layers];
    layers[3] = layers[2];
    refused(openTrainer(new Sequential(...layers), momentum()), "SGD and 1 generators of random numbers");
  });

  it("is refused by another optimizer, and by one that remembers something else", () => {
    refused(openTrainer(network(), { optimizer: new Adam({ lr: 0.1 }) }), "checkpoint of Adam");
    refused(openTrainer(network(), { optimizer: new SGD({ lr: 0.1 }) }), "optimizer.velocity.0.weight");
  });

  it("is refused when another set of parameters trains", () => {
    const model = network();
    model.parameters()[0].trainable = false;
    refused(openTrainer(model, momentum()), "it has optimizer.velocity.0.weight");
  });
});
