import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { readCheckpoint } from "./checkpoint.ts";
import { type Checkpoint, canonical, type RunResult, type RunSpec, specHash } from "./spec.ts";

/**
 * The runs of an output folder, under `runs/`, named by the hash of the run's spec: a JSON file for each that is
 * finished, and a safetensors file for each that has a checkpoint and is not. A file is written whole or not at all, so
 * a command that was stopped finds every run it finished, and goes on with the others from their checkpoints.
 */
export class RunStore {
  readonly directory: string;
  readonly #trusted: "stored runs" | Set<string>;

  /** @param fresh  take no run from before: only those that this store has written itself */
  constructor(outputDirectory: string, fresh = false) {
    this.directory = join(outputDirectory, "runs");
    this.#trusted = fresh ? new Set() : "stored runs";
  }

  /** The result of a finished run; undefined when there is none, or when its file is damaged. */
  async read<Result extends RunResult>(spec: RunSpec): Promise<Result | undefined> {
    const bytes = await this.#read(this.#path(spec, "json"));
    try {
      const stored = JSON.parse(bytes?.toString("utf8") ?? "");
      if (canonical(stored.spec) !== canonical(spec) || !Array.isArray(stored.result?.points)) return undefined;
      return stored.result;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Keeps a result, and no longer what was kept on the way to it. */
  async write(spec: RunSpec, result: RunResult): Promise<void> {
    await this.#write(this.#path(spec, "json"), `${JSON.stringify({ spec, result })}\n`);
    await this.removeCheckpoint(spec);
  }

  /** Where a run that is not finished goes on; undefined when nowhere, or when the file is damaged. */
  async readCheckpoint(spec: RunSpec): Promise<Checkpoint | undefined> {
    const bytes = await this.#read(this.#path(spec, "safetensors"));
    return bytes && readCheckpoint(bytes, spec);
  }

  async writeCheckpoint(spec: RunSpec, checkpoint: Checkpoint): Promise<void> {
    await this.#write(this.#path(spec, "safetensors"), checkpoint.bytes);
  }

  async removeCheckpoint(spec: RunSpec): Promise<void> {
    await rm(this.#path(spec, "safetensors"), { force: true });
  }

  /** Whether some run that is not finished has a checkpoint. */
  async hasCheckpoints(): Promise<boolean> {
    const files = await readdir(this.directory).catch(() => []);
    return files.some((file) => file.endsWith(".safetensors"));
  }

  async #read(path: string): Promise<Buffer | undefined> {
    if (this.#trusted !== "stored runs" && !this.#trusted.has(path)) return undefined;
    try {
      return await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #write(path: string, content: Uint8Array | string): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await writeAtomically(path, content);
    if (this.#trusted !== "stored runs") this.#trusted.add(path);
  }

  #path(spec: RunSpec, ending: "json" | "safetensors"): string {
    return join(this.directory, `${specHash(spec)}.${ending}`);
  }
}
