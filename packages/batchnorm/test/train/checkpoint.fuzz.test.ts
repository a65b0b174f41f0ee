/** Checkpoints with a right checksum and wrong content: each restores everything it says, or nothing. */
import { BatchNormError, Random, SGD, type Trainer } from "batchnorm";
import { readSafetensors, type SafeTensors } from "batchnorm/formats";
import { expect, it } from "vitest";
import { sealed } from "../support/checkpoint.ts";
import { bytesOf, sameBytes } from "../support/data.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const RUNS = 6000;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What JSON can say instead of something. 1e999 stands for what a text can say and a number cannot. */
const words = [1, -2, 3, 4];
const others: Json[] = [
  ...[null, true, false, 0, -0, 1, -1, 0.5, 7, 1e308, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1, 2 ** 53],
  ...["", "SGD", "Adam", "5", [], {}, [0, 0, 0, 0], words, [...words, 5], ["1", 2, 3, 4]],
  ...[
    { words },
    { words, spare: null },
    { words, spare: 0.5 },
    { words: [0, 0, 0, 0], spare: null },
    [{ words, spare: null }],
  ],
];

/** Every place in a value at which there is another, with what it is in. */
function places(value: Json): { parent: Record<string, Json>; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const parent = value as Record<string, Json>;
  return Object.keys(value).flatMap((key) => [{ parent, key }, ...places(parent[key])]);
}

/** One change to the content: a value that is another, is gone, or is there twice. */
function changeValue(checkpoint: Json, random: Random): void {
  const all = places(checkpoint);
  const { parent, key } = all[random.integer(all.length)];
  const other = () => structuredClone(others[random.integer(others.length)]);
  const kind = random.integer(8);
  if (kind < 5) parent[key] = other();
  else if (kind === 5) delete parent[key];
  else if (Array.isArray(parent)) parent.push(kind === 6 ? other() : structuredClone(parent[Number(key)]));
  else if (kind === 6) parent[["extra", "__proto__", "length", "step"][random.integer(4)]] = other();
  else parent[`${key}s`] = parent[key];
}

/** One change to the text, which may no longer be JSON. */
function changeText(text: string, random: Random): string {
  const at = random.integer(text.length);
  const letters = '{}[]",:0123456789.-+eE \\ntrufalse\u0000é';
  const letter = letters[random.integer(letters.length)];
  const kind = random.integer(5);
  if (kind === 0) return text.slice(0, at);
  if (kind === 1) return text.slice(0, at) + text.slice(at + 1);
  if (kind === 2) return text.slice(0, at) + letter + text.slice(at);
  if (kind === 3) return text.slice(0, at) + letter + text.slice(at + 1);
  return text.replace(/-?\d+/g, (number) => (random.integer(12) === 0 ? "1e999" : number));
}

/** One change to the arrays: their names, types, shapes or number. */
function changeTensors(tensors: SafeTensors["tensors"], random: Random): SafeTensors["tensors"] {
  const names = Object.keys(tensors);
  const name = names[random.integer(names.length)];
  const { [name]: tensor, ...rest } = tensors;
  const kind = random.integer(5);
  if (kind === 0) return rest;
  if (kind === 1)
    return { ...rest, [["model.x", "x", "__proto__x", "optimizer.velocity.9.bias"][random.integer(4)]]: tensor };
  if (kind === 2) return { ...tensors, [`${name}s`]: tensor };
  if (kind === 3) return { ...rest, [name]: { ...tensor, shape: [1, ...tensor.shape] } };
  const wider = { shape: tensor.shape, data: Float64Array.from(tensor.data as Float32Array) };
  return { ...rest, [name]: wider };
}

/** What a trainer would save. */
function contentOf(bytes: Uint8Array): { checkpoint: Json; arrays: string[] } {
  const { tensors, metadata } = readSafetensors(bytes);
  const names = Object.keys(tensors).sort();
  return {
    checkpoint: JSON.parse(metadata.checkpoint),
    arrays: names.map(
      (name) => `${name} ${tensors[name].shape}: ${Array.from(tensors[name].data as Float32Array).join()}`,
    ),
  };
}

/** The fields that a checkpoint has; others are passed over. */
function known(checkpoint: Json): Json {
  const { version, step, taken, optimizer, order, randoms } = checkpoint as Record<string, Json>;
  const state = ({ words, spare }: Record<string, Json>) => ({ words, spare });
  const { epoch, cursor, length, batchSize, random } = order as Record<string, Json>;
  return {
    ...{ version, step, taken, optimizer, order: { epoch, cursor, length, batchSize, random: state(random as never) } },
    randoms: (randoms as Record<string, Json>[]).map(state),
  };
}

/** Whether the trainer, whose state is `before`, takes all of a checkpoint or stays as it is to the bit. */
async function wholeOrNothing(trainer: Trainer, before: Uint8Array, bytes: Uint8Array): Promise<"taken" | "refused"> {
  try {
    await trainer.resume(bytes);
  } catch (error) {
    if (!(error instanceof BatchNormError)) throw error;
    expect(["E_FORMAT", "E_DICT"]).toContain(error.code);
    expect(error.message).toMatch(/^\[(resume|safetensors)\] expected /);
    if (!sameBytes(await trainer.save(), before)) expect.fail("something has changed");
    return "refused";
  }
  const given = contentOf(bytes);
  const restored = contentOf(await trainer.save());
  expect(JSON.stringify(restored.checkpoint)).toBe(JSON.stringify(known(given.checkpoint)));
  expect(restored.arrays).toEqual(given.arrays);
  await trainer.resume(before);
  return "taken";
}

it("restores all of it or nothing, in thousands of checkpoints that were altered and sealed again", async () => {
  const open = () =>
    openTrainer(smallNetwork({ width: 2, seed: 5 }), { optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
  const source = open();
  await source.fit(smallDataset(), { untilStep: 9, batchSize: 8 });
  const { tensors, metadata } = readSafetensors(await source.save());
  const trainer = open();
  const before = await trainer.save();
  expect(await wholeOrNothing(trainer, before, sealed(tensors, metadata.checkpoint))).toBe("taken");

  const random = new Random(1);
  const counts = { taken: 0, refused: 0 };
  for (let run = 0; run < RUNS; run++) {
    let text = metadata.checkpoint;
    let arrays = tensors;
    if (run % 8 === 7) arrays = changeTensors(tensors, random);
    else if (run % 3 === 0) text = changeText(text, random);
    else {
      const checkpoint = JSON.parse(text);
      for (let changes = 1 + random.integer(2); changes > 0; changes--) changeValue(checkpoint, random);
      text = JSON.stringify(checkpoint);
    }
    try {
      counts[await wholeOrNothing(trainer, before, sealed(arrays, text))]++;
    } catch (error) {
      expect.fail(`run ${run}, ${text.slice(0, 400)}: ${(error as Error).message}`);
    }
  }
  expect(sameBytes(bytesOf(await trainer.save()), before)).toBe(true);
  // Both happen, and often.
  expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(RUNS / 20);
});
