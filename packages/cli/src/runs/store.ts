import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { canonical, type ResultOf, type RunResult, type RunSpec, specHash } from "./spec.ts";

/**
 * The finished runs of an output folder, one JSON file each under `runs/`, named by the hash of the run's
 * spec. A file is written whole or not at all, so a command that was stopped finds every run it finished.
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
  async read<Spec extends RunSpec>(spec: Spec): Promise<ResultOf<Spec> | undefined> {
    const path = this.#path(spec);
    if (this.#trusted !== "stored runs" && !this.#trusted.has(path)) return undefined;
    try {
      const stored = JSON.parse(await readFile(path, "utf8"));
      if (canonical(stored.spec) !== canonical(spec) || !Array.isArray(stored.result?.points)) return undefined;
      return stored.result;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async write(spec: RunSpec, result: RunResult): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const path = this.#path(spec);
    await writeAtomically(path, `${JSON.stringify({ spec, result })}\n`);
    if (this.#trusted !== "stored runs") this.#trusted.add(path);
  }

  #path(spec: RunSpec): string {
    return join(this.directory, `${specHash(spec)}.json`);
  }
}
