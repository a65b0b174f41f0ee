import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command as a shell would; `interrupt` is asked again and again whether to press Ctrl-C, or to kill it. */
export function batchnorm(
  args: readonly string[],
  interrupt?: () => boolean,
  cwd?: string,
  signal: NodeJS.Signals = "SIGINT",
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const timer = interrupt
      ? setInterval(() => {
          if (interrupt()) {
            clearInterval(timer);
            child.kill(signal);
          }
        }, 20)
      : undefined;
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, out, err });
    });
  });
}
