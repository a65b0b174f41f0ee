/** A rank's side of the watcher. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Milliseconds for the launcher to pass on what a rank has written; it drops the rest when the job is aborted. */
const FORWARDED = 300;

/** Keeps a watcher informed. Without one, nothing is missing but its sentence. */
export interface Watch {
  /** Writes why this rank ends the job, unless another rank of this machine has told of itself. */
  tell(sentence: string): void;
  /** All is well: this rank ends in order. */
  done(): void;
}

/** Where the watcher of a job listens, on every machine. */
export function socketOf(job: string): string {
  return join(tmpdir(), `batchnorm-mpi-${job}`);
}

/**
 * Starts the watcher of this machine; resolves when it listens, or could not be started.
 *
 * @param ranks  how many will come
 */
export async function startWatcher(job: string, ranks: number): Promise<void> {
  const script = fileURLToPath(new URL("./watcher.js", import.meta.url));
  const { NODE_OPTIONS: _, ...env } = process.env;
  // In a session of its own: what ends the ranks does not end it.
  const watcher = spawn(process.execPath, [script, socketOf(job), String(ranks)], {
    detached: true,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([once(watcher.stdout, "data"), once(watcher, "exit"), once(watcher, "error")]).catch(() => {});
  watcher.stdout.destroy();
  watcher.unref();
}

/** @param sentence  what the watcher is to write when this process is gone */
export async function beWatched(job: string, sentence: string): Promise<Watch> {
  const path = socketOf(job);
  const socket: Socket = connect(path);
  socket.on("error", () => {});
  socket.write(`${JSON.stringify(sentence)}\n`);
  await Promise.race([once(socket, "data"), once(socket, "close")]);
  socket.unref();
  // What is written to the socket goes out at once, also when the process ends right after.
  return {
    tell(why) {
      socket.write("told\n");
      // Here, for the launcher may not wait for what a watcher writes.
      tellOnce(`${path}.told`, `batchnorm-mpi: ${why}\nbatchnorm-mpi: the other ranks end with it\n`);
      sleep(FORWARDED);
    },
    done: () => void socket.write("done\n"),
  };
}

/**
 * Writes the text to the standard error, unless another rank has; then this returns when that one's text is out, or after a
 * second: whoever ends the job before that ends the writer too.
 */
function tellOnce(file: string, text: string): void {
  try {
    writeFileSync(file, "", { flag: "wx" });
  } catch {
    for (let ms = 0; ms < 1000 && statSync(file, { throwIfNoEntry: false })?.size === 0; ms++) sleep(1);
    return;
  }
  writeSync(2, text);
  writeFileSync(file, "told");
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
