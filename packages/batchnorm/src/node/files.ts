import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Trainer } from "../train/trainer.ts";
import { readBytes } from "./bytes.ts";

/**
 * Writes a file under a temporary name beside it, waits until it is on the disk, and renames it: a reader sees the old
 * file or the whole new one, whatever happens.
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes `trainer.save()` to a file, atomically. */
export async function saveCheckpoint(trainer: Trainer, path: string): Promise<void> {
  await writeAtomically(path, await trainer.save());
}

/** `trainer.resume` from a file. @throws BatchNormError as `resume` does; the file system's error when it cannot be read */
export async function loadCheckpoint(trainer: Trainer, path: string): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    await trainer.resume(await readBytes(file, 0, size));
  } finally {
    await file.close();
  }
}
