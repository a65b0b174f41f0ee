/** A training process that is killed at any moment and started again ends with the same bits as one that never was. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Random } from "batchnorm";
import { expect, it, onTestFinished } from "vitest";

interface Run {
  /** How many steps, or "never" to be killed, or "more" for 30 from where it begins. */
  end: string;
  /** Kills the process so many milliseconds after it has reported so many checkpoints. */
  kill?: { reports: number; after: number };
}

async function train(path: string, { end, kill }: Run) {
  const script = fileURLToPath(new URL("./training.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, path, end], { stdio: ["ignore", "pipe", "inherit"] });
  const steps: string[] = [];
  const aim = () => {
    if (kill && steps.length >= kill.reports) setTimeout(() => child.kill("SIGKILL"), kill.after);
  };
  aim();
  createInterface(child.stdout).on("line", (step) => {
    steps.push(step);
    aim();
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, last: steps.at(-1) as string };
}

it("ends with the same bits after seven kills as without", async () => {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-killed-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const killed = join(folder, "killed.safetensors");
  const random = new Random(1);
  // The first dies as it starts; the others before, in and after the writing of a checkpoint.
  for (const reports of [0, 1, 1, 2, 3, 5, 8]) {
    const { signal } = await train(killed, { end: "never", kill: { reports, after: 30 * random.uniform() } });
    expect(signal).toBe("SIGKILL");
  }
  const { code, last } = await train(killed, { end: "more" });
  expect(code).toBe(0);
  // 20 checkpoints of the killed ones at least, three steps each, and 30 steps.
  expect(Number(last)).toBeGreaterThanOrEqual(90);

  const whole = join(folder, "whole.safetensors");
  expect(await train(whole, { end: last })).toMatchObject({ code: 0, last });
  expect(readFileSync(killed).equals(readFileSync(whole))).toBe(true);
});
