// Runs the suites of kernels, layers and the trainer on several versions of Node, which npm's `node` package brings.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const usual = ["22", "24", "26"];
const suites = [
  "kernels",
  "wasm",
  "plan",
  "reference",
  "calls",
  "module",
  "layers",
  "losses",
  "optimizers",
  "data",
  "shards",
  "train",
];

const help = `Usage: node tools/nodes.mjs [VERSION...]

Builds, then runs the tests of packages/batchnorm/test/{${suites.join(",")}} on each version of Node,
one after another. Needs npm and its registry: each Node goes into a folder of its own under the system's temporary
directory, and is removed afterwards. Prints a line for each; what failed goes to stderr.

VERSION  22, 22.12 or 22.12.0: the newest release of that name; by default ${usual.join(", ")}

Exits with 0 when all passed, with 1 when a test failed or a version could not be run, with 2 for other arguments.

Examples:
  node tools/nodes.mjs               on Node ${usual.join(", ")}
  node tools/nodes.mjs 26            on the newest Node 26
  node tools/nodes.mjs 20.19.0 22    on the oldest Node that is supported, and on the newest Node 22`;

/** What a program writes, both streams in one, and whether it ended well. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (result.error) throw result.error;
  if (result.signal === "SIGINT") process.exit(130);
  return { ok: result.status === 0, output: `${result.stdout}${result.stderr}` };
}

/** Brings a version of Node. @returns the path of its binary */
function install(version, folder) {
  // npm is a script on some systems and a .cmd on others; Node runs npm's own file on all.
  const npm = process.env.npm_execpath;
  const [program, before, shell] = npm?.endsWith(".js")
    ? [process.execPath, [npm], false]
    : ["npm", [], process.platform === "win32"];
  const args = ["install", "--prefix", folder, "--no-audit", "--no-fund", `node@${version}`];
  const { output } = run(program, [...before, ...args], { cwd: folder, shell });
  const binary = join(folder, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  // Also where npm is told not to run scripts: the package's own brings the binary.
  if (!existsSync(binary)) throw new Error(`npm brought no Node ${version}:\n${output}`);
  return binary;
}

/** Prints the counts of one version. @returns whether all passed */
function test(version) {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-node-"));
  try {
    const node = install(version, folder);
    const name = `Node ${run(node, ["--version"]).output.trim().slice(1)}`;
    process.stderr.write(`${name}: running ...\n`);
    const paths = suites.map((suite) => `packages/batchnorm/test/${suite}/`);
    // Workers of Vitest, and what tests start, run on the Node that runs Vitest.
    const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "node", ...paths];
    const { ok, output } = run(node, args, { env: { ...process.env, NO_COLOR: "1" } });
    // Of tools/count.mjs.
    const counts = output.match(/^\d+ passed, \d+ failed.*$/gm)?.at(-1);
    if (!ok) process.stderr.write(output);
    console.log(`${name}: ${counts ?? "Vitest did not get to the end"}`);
    return ok && counts !== undefined;
  } catch (error) {
    console.log(`Node ${version}: could not be run`);
    console.error(error.message);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(help);
  process.exit(0);
}
const wrong = args.find((arg) => !/^\d+(\.\d+){0,2}$/.test(arg));
if (wrong !== undefined) {
  console.error(`Expected versions of Node such as 24 or 22.12.0, got ${wrong}; see node tools/nodes.mjs --help`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, [join(root, "tools/run.mjs"), "build"], {
  stdio: ["inherit", 2, "inherit"],
});
if (status !== 0) process.exit(1);
const results = (args.length > 0 ? args : usual).map(test);
process.exitCode = results.every(Boolean) ? 0 : 1;
