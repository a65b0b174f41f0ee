import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { BatchNormError, type Trainer } from "batchnorm";
import { saveCheckpoint, writeAtomically } from "batchnorm/node";
import { InputError } from "../errors.ts";
import { recordedJson } from "../results/json.ts";
import type { Journal } from "../training/journal.ts";
import type { EpochRow } from "./epoch.ts";
import type { Settings } from "./settings.ts";

/** Raised when the shape of run.json changes, so that old files are refused and not misread. */
const FORMAT = 1;

/** What an earlier call left of a run. */
export interface StoredRun {
  readonly settings: Settings;
  /** of the last two checkpoints, the older first */
  readonly journals: readonly Journal<EpochRow>[];
}

/** A journal as run.json has it. */
type StoredJournal = Omit<Journal<EpochRow>, "points" | "sums"> & {
  readonly epochs: Journal<EpochRow>["points"];
  readonly epochSums: Journal<EpochRow>["sums"];
};

/** Everything that a run may leave in its folder. */
const FILES = ["checkpoint.safetensors", "run.json", "model.safetensors", "train.json", "curves.svg", "report.html"];

/**
 * The folder of a run, with what is needed to go on: the checkpoint, and in run.json the settings and journals.
 *
 * Two files cannot be replaced at one moment. The journal is written first, beside the one before, and the
 * checkpoint's step tells which of them is its own: a run can be killed anywhere and goes on from its last checkpoint.
 */
export class RunFolder {
  readonly path: string;
  readonly checkpoint: string;
  #last: readonly Journal<EpochRow>[] = [];

  constructor(path: string) {
    this.path = path;
    this.checkpoint = join(path, "checkpoint.safetensors");
  }

  /** Whether a run can be resumed from here. */
  async hasCheckpoint(): Promise<boolean> {
    return (await this.#read(this.checkpoint)) !== null;
  }

  /** Makes the folder, without anything that an earlier run may have left in it. */
  async clear(): Promise<void> {
    await mkdir(this.path, { recursive: true });
    for (const file of FILES) await rm(join(this.path, file), { force: true });
  }

  /** @throws InputError when run.json is missing or is none of this program's */
  async stored(): Promise<StoredRun> {
    const path = join(this.path, "run.json");
    const text = (await this.#read(path))?.toString("utf8");
    let run: { format: number; settings: Settings; journals: readonly StoredJournal[] };
    try {
      run = JSON.parse(text ?? "");
    } catch (error) {
      const what = text === undefined ? "is missing" : "is not JSON";
      throw new InputError(`${path}: ${what}; start anew with --fresh`, { cause: error });
    }
    if (run?.format !== FORMAT || typeof run.settings !== "object" || !Array.isArray(run.journals)) {
      throw new InputError(
        `${path}: expected the record of a run in format ${FORMAT}, got format ${run?.format}; start anew with --fresh`,
      );
    }
    return { settings: run.settings, journals: run.journals.map(fromStored) };
  }

  /** Writes a checkpoint, with the journal up to its step. */
  async save(trainer: Trainer, settings: Settings, journal: Journal<EpochRow>): Promise<void> {
    const journals = [...this.#last.slice(-1), journal].map(toStored);
    await writeAtomically(join(this.path, "run.json"), recordedJson({ format: FORMAT, settings, journals }));
    await saveCheckpoint(trainer, this.checkpoint);
    this.#last = [journal];
  }

  /** The bytes of the checkpoint. @throws InputError when there is none */
  async readCheckpoint(): Promise<Uint8Array> {
    const bytes = await this.#read(this.checkpoint);
    if (!bytes) throw new InputError(`${this.checkpoint}: is missing; start anew with --fresh`);
    return bytes;
  }

  /**
   * Puts a trainer where the checkpoint was written, and gives the journal up to there.
   *
   * @throws InputError when the checkpoint is damaged or does not belong to the journals
   */
  async restore(trainer: Trainer, { journals }: StoredRun, checkpoint: Uint8Array): Promise<Journal<EpochRow>> {
    try {
      await trainer.resume(checkpoint);
    } catch (error) {
      if (!(error instanceof BatchNormError)) throw error;
      throw new InputError(`${this.checkpoint}: ${error.message}; start anew with --fresh`, { cause: error });
    }
    // The last of a step: an epoch's row is written after a checkpoint of the same step when measuring was interrupted.
    const journal = journals.findLast(({ step }) => step === trainer.stepCount);
    if (!journal) {
      const steps = journals.map(({ step }) => step).join(" or ");
      throw new InputError(
        `${this.checkpoint}: expected the checkpoint of step ${steps}, as run.json has it, got one of step ${trainer.stepCount}; start anew with --fresh`,
      );
    }
    this.#last = [journal];
    return journal;
  }

  async #read(path: string): Promise<Buffer | null> {
    try {
      return await readFile(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return null;
      throw new InputError(`${path}: could not be read: ${message}`, { cause: error });
    }
  }
}

function toStored({ step, points, times, losses, sums, lossSums, seconds, learningRate }: Journal<EpochRow>) {
  return { step, epochs: points, times, losses, epochSums: sums, lossSums, seconds, learningRate };
}

function fromStored({ epochs, epochSums, ...rest }: StoredJournal): Journal<EpochRow> {
  return { ...rest, points: epochs, sums: epochSums };
}
