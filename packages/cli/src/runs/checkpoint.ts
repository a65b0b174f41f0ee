import { BatchNormError, type Trainer } from "batchnorm";
import { readSafetensors, writeSafetensors } from "batchnorm/formats";
import type { ImagePoint } from "./imagespec.ts";
import { type Checkpoint, canonical, type RunSpec } from "./spec.ts";

/** What a training has shown up to a checkpoint. */
export interface Journal {
  readonly points: readonly ImagePoint[];
  /** sum of the losses since the last point, and of how many steps */
  readonly loss: number;
  readonly steps: number;
  /** time that it has taken */
  readonly seconds: number;
}

/** Stands in the file's metadata, beside what the trainer itself writes there. */
interface Note {
  readonly spec: RunSpec;
  readonly step: number;
  readonly journal: Journal;
}

/** The trainer's own checkpoint with the journal in its metadata: one safetensors file, so that they always belong together. */
export async function packCheckpoint(trainer: Trainer, spec: RunSpec, journal: Journal): Promise<Checkpoint> {
  const step = trainer.stepCount;
  const { tensors, metadata } = readSafetensors(await trainer.save());
  const note: Note = { spec, step, journal };
  return { step, bytes: writeSafetensors({ tensors, metadata: { ...metadata, run: JSON.stringify(note) } }) };
}

/** The checkpoint in a file's bytes; undefined when they are damaged or another run's. */
export function readCheckpoint(bytes: Uint8Array, spec: RunSpec): Checkpoint | undefined {
  const note = readNote(bytes);
  return note && canonical(note.spec) === canonical(spec) ? { step: note.step, bytes } : undefined;
}

/** Puts a trainer where the checkpoint was made; undefined, and nothing changed, when the checkpoint is damaged. */
export async function resumeFrom({ bytes }: Checkpoint, trainer: Trainer): Promise<Journal | undefined> {
  try {
    await trainer.resume(bytes);
  } catch (error) {
    if (error instanceof BatchNormError) return undefined;
    throw error;
  }
  return readNote(bytes)?.journal;
}

function readNote(bytes: Uint8Array): Note | undefined {
  try {
    return JSON.parse(readSafetensors(bytes).metadata.run ?? "");
  } catch (error) {
    if (error instanceof BatchNormError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
