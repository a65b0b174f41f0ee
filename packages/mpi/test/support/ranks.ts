/** Starts scripts as the ranks of an MPI job. Where there is no MPI, the suites that need it are skipped and say why. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, onTestFinished, vi } from "vitest";
import { findLibrary } from "#dist/native/library.js";

/** How long a job may take before it is taken for stuck and killed; a busy machine may be slow. */
const PATIENCE = 150_000;
vi.setConfig({ testTimeout: 2 * PATIENCE });

/** Why there can be no jobs here; null where there can. */
async function whyNot(): Promise<string | null> {
  const launcher = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
  if (launcher.error) return "there is no mpirun here; tools/mpich.sh installs it";
  if (!launcher.stdout.includes("HYDRA")) return "the mpirun here is not MPICH's; tools/mpich.sh installs that";
  try {
    await findLibrary();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = await whyNot();
if (missing !== null) console.log(`Tests with several ranks are skipped: ${missing}`);

export function describeRanks(name: string, suite: () => void): void {
  describe.skipIf(missing !== null)(missing === null ? name : `${name} (skipped: ${missing})`, suite);
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-ranks-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
  /** From the last line of JSON that a rank has written to the job's end. */
  secondsAfterLine: number;
}

export interface Launch {
  /** Changes of the environment. */
  env?: NodeJS.ProcessEnv;
  /** Is given what ranks write as a line of JSON. */
  onLine?: (told: { rank: number; step: number; pid: number }) => void;
}

/** Runs a script of this folder's as so many ranks; with 0 as one process that nobody launched. */
export function launch(size: number, script: string, job: object, { env, onLine }: Launch = {}): Promise<Outcome> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const rank = [process.execPath, path, JSON.stringify(job)];
  const [command, ...args] = size > 0 ? ["mpirun", "-np", String(size), ...rank] : rank;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const outcome: Outcome = { code: null, out: "", err: "", secondsAfterLine: 0 };
  let last = performance.now();
  createInterface(child.stdout).on("line", (line) => {
    outcome.out += `${line}\n`;
    // The launcher has words of its own.
    if (!line.startsWith("{")) return;
    last = performance.now();
    onLine?.(JSON.parse(line));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    outcome.err += text;
  });
  const stuck = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(stuck);
      resolve({ ...outcome, code, secondsAfterLine: (performance.now() - last) / 1000 });
    });
  });
}

/** What each rank has written to its file, in their order. The job must end well. */
export async function resultsOf<Result>(size: number, script: string, job: object): Promise<Result[]> {
  const out = temporaryFolder();
  const { code, err } = await launch(size, script, { ...job, out });
  if (code !== 0) throw new Error(`expected the job to end with 0, got ${code}: ${err}`);
  return Array.from({ length: Math.max(1, size) }, (_, rank) =>
    JSON.parse(readFileSync(join(out, `${rank}.json`), "utf8")),
  );
}
