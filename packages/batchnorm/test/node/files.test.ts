/** Files that are there whole or not at all. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SGD } from "batchnorm";
import { loadCheckpoint, saveCheckpoint, writeAtomically } from "batchnorm/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sameBytes } from "../support/data.ts";
import { fitAll, openTrainer, smallDataset, smallNetwork, stateBits } from "../support/training.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "batchnorm-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeAtomically", () => {
  it("writes text and bytes, over what was there", async () => {
    const path = join(folder, "file");
    await writeAtomically(path, "long first text");
    await writeAtomically(path, "text");
    expect(readFileSync(path, "utf8")).toBe("text");
    await writeAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("keeps the old file and leaves nothing else when writing fails", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "old");
    await expect(writeAtomically(path, 5 as never)).rejects.toThrow();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("leaves a directory of that name alone, and nothing beside it", async () => {
    const path = join(folder, "directory");
    mkdirSync(path);
    writeFileSync(join(path, "inside"), "old");
    await expect(writeAtomically(path, "text")).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["directory"]);
    expect(readdirSync(path)).toEqual(["inside"]);
  });

  it("fails where there is no such folder", async () => {
    await expect(writeAtomically(join(folder, "none", "file"), "text")).rejects.toMatchObject({ code: "ENOENT" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("never shows a reader half a file", async () => {
    const path = join(folder, "file");
    const size = 1 << 20;
    writeFileSync(path, Buffer.alloc(size, 0));
    let writing = true;
    const writer = (async () => {
      for (let i = 1; i <= 20; i++) await writeAtomically(path, Buffer.alloc(size, i));
      writing = false;
    })();
    let halves = 0;
    while (writing) {
      const bytes = await readFile(path);
      if (bytes.length !== size || bytes[0] !== bytes[size - 1]) halves++;
    }
    await writer;
    expect(halves).toBe(0);
  });
});

describe("saveCheckpoint and loadCheckpoint", () => {
  const options = () => ({ optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

  it("carry a trainer's whole state through a file", async () => {
    const path = join(folder, "checkpoint.safetensors");
    const trainer = openTrainer(smallNetwork(), options());
    await fitAll(trainer, smallDataset(), { steps: 7, batchSize: 8 });
    await saveCheckpoint(trainer, path);
    const saved = await trainer.save();
    expect(sameBytes(readFileSync(path), saved)).toBe(true);
    const other = openTrainer(smallNetwork({ seed: 9 }), options());
    await loadCheckpoint(other, path);
    expect(other.stepCount).toBe(7);
    expect(sameBytes(await other.save(), saved)).toBe(true);
  });

  it("save the state of the moment of the call, whatever training does while the file is written", async () => {
    const path = join(folder, "checkpoint.safetensors");
    const trainer = openTrainer(smallNetwork(), options());
    const bytes = await trainer.save();
    const saving = saveCheckpoint(trainer, path);
    await fitAll(trainer, smallDataset(), { steps: 7, batchSize: 8 });
    await saving;
    expect(sameBytes(readFileSync(path), bytes)).toBe(true);
  });

  it("are done with the trainer on the CPU when the calls return", async () => {
    const [trainer, other] = [
      openTrainer(smallNetwork(), options()),
      openTrainer(smallNetwork({ seed: 9 }), options()),
    ];
    await fitAll(trainer, smallDataset(), { steps: 3, batchSize: 8 });
    const bytes = await trainer.save();
    const resumed = other.resume(bytes);
    expect(other.stepCount).toBe(3);
    expect(stateBits(other.model)).toBe(stateBits(trainer.model));
    await resumed;
  });

  it("fail clearly for a file that is not there, or is cut off", async () => {
    const path = join(folder, "checkpoint.safetensors");
    const trainer = openTrainer(smallNetwork(), options());
    await expect(loadCheckpoint(trainer, path)).rejects.toMatchObject({ code: "ENOENT" });
    writeFileSync(path, (await trainer.save()).subarray(0, 1000));
    await expect(loadCheckpoint(trainer, path)).rejects.toMatchObject({
      code: "E_FORMAT",
      message: expect.stringContaining("cut off"),
    });
  });
});
