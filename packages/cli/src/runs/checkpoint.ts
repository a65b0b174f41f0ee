import { BatchNormError, type Trainer } from "batchnorm";
import { readSafetensors, writeSafetensors } from "batchnorm/formats";
import type { Journal, Measured } from "../training/journal.ts";
import { type Checkpoint, canonical, type RunSpec } from "./spec.ts";

/** Raised when the shape of a note changes, so that older checkpoints are not misread. */
const FORMAT = 2;

/** Stands in the file's metadata, beside what the trainer itself writes there. */
interface Note {
  readonly format: number;
  readonly spec: RunSpec;
  readonly journal: Journal<Measured>;
}

/** The trainer's own checkpoint with the journal in its metadata: one safetensors file, so that they always belong together. */
export async function packCheckpoint(trainer: Trainer, spec: RunSpec, journal: Journal<Measured>): Promise<Checkpoint> {
  const { tensors, metadata } = readSafetensors(await trainer.save());
  const note: Note = { format: FORMAT, spec, journal };
  return {
    step: journal.step,
    bytes: writeSafetensors({ tensors, metadata: { ...metadata, run: JSON.stringify(note) } }),
  };
}

/** The checkpoint in a file's bytes; undefined when they are damaged or another run's. */
export function readCheckpoint(bytes: Uint8Array, spec: RunSpec): Checkpoint | undefined {
  const note = readNote(bytes);
  return note && canonical(note.spec) === canonical(spec) ? { step: note.journal.step, bytes } : undefined;
}

/** Puts a trainer where the checkpoint was made; undefined, and nothing changed, when the checkpoint is damaged. */
export async function resumeFrom<Point extends Measured>(
  { bytes }: Checkpoint,
  trainer: Trainer,
): Promise<Journal<Point> | undefined> {
  try {
    await trainer.resume(bytes);
  } catch (error) {
    if (error instanceof BatchNormError) return undefined;
    throw error;
  }
  return readNote(bytes)?.journal as Journal<Point> | undefined;
}

function readNote(bytes: Uint8Array): Note | undefined {
  try {
    const note: Note = JSON.parse(readSafetensors(bytes).metadata.run ?? "");
    return note.format === FORMAT ? note : undefined;
  } catch (error) {
    if (error instanceof BatchNormError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
