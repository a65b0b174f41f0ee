/** Runs a script of the tests in a Node process of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * @param script  relative to test/
 * @returns       what it has written, read as JSON
 */
export async function scriptResult<T>(script: string, args: string[] = [], node: string[] = []): Promise<T> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const child = spawn(process.execPath, [...node, path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`expected ${script} to end with 0, got ${code}`);
  return JSON.parse(output);
}
