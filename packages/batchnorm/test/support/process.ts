/** Runs a program in a Node process of its own, from the package's folder: `batchnorm` and `#dist/…` can be imported. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

export interface ChildResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  /** Options of Node's. */
  node?: string[];
  /** Sent once the program has written a line. */
  interrupt?: NodeJS.Signals;
}

/** How long a program may take before it is taken for stuck and killed; a busy machine may be slow. */
const PATIENCE = 120_000;
/** For the tests that wait for it. */
vi.setConfig({ testTimeout: PATIENCE + 30_000 });

export function runChild(program: string, { node = [], interrupt }: ChildOptions = {}): Promise<ChildResult> {
  return runNode([...node, "--input-type=module", "-e", program], interrupt);
}

/** The same for a program in a file. */
export function runProgram(file: string): Promise<ChildResult> {
  return runNode([file]);
}

function runNode(args: string[], interrupt?: NodeJS.Signals): Promise<ChildResult> {
  const folder = fileURLToPath(new URL("../../", import.meta.url));
  const child = spawn(process.execPath, args, { cwd: folder });
  const result: ChildResult = { code: null, signal: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (interrupt && !result.stdout) child.kill(interrupt);
    result.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    result.stderr += text;
  });
  const stuck = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(stuck);
      resolve({ ...result, code, signal });
    });
  });
}

/** What a program that must end well has written, as lines. */
export async function linesOf(program: string, node: string[] = []): Promise<string[]> {
  const { code, signal, stdout, stderr } = await runChild(program, { node });
  if (code !== 0) throw new Error(`expected the program to end with 0, got ${code ?? signal}: ${stderr}`);
  return stdout.trim().split("\n");
}
