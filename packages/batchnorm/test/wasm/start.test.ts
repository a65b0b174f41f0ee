/** Threads that cannot start: the work goes on with those there are, and one warning says so. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linesOf, runChild, runProgram } from "../support/process.ts";

const program = `
  import { BatchNorm, Linear, SGD, Sequential, Trainer, initialize, randn, xavier } from "batchnorm";
  const model = new Sequential(new Linear(64, 512), new BatchNorm(512), new Linear(512, 10));
  initialize(model, xavier(), { seed: 3 });
  const { warn } = console;
  let warned = false;
  console.warn = (...words) => { warned = true; warn(...words); };
  const main = async (waits) => {
    const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), threads: 2 });
    for (let i = 0; i < 5 || (waits && !warned); i++) {
      const { loss } = await trainer.step(randn([256, 64], { seed: i }), new Uint8Array(256));
      if (i < 5) console.log(loss);
      // A moment for what fails later.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
`;
const waiting = `${program} main(true);`;

let right: string[];
beforeAll(async () => {
  right = await linesOf(`${program} main(false);`);
  expect(right).toHaveLength(5);
});

const folder = mkdtempSync(join(tmpdir(), "bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

const WARNING =
  /^batchnorm: a thread did not start, going on with fewer \((.+)\)\. In a bundle, keep the library external\.\n$/;

describe.each(["esm", "cjs"] as const)("a bundle of the program and the library, as %s", (format) => {
  test("ends well with the right results and one warning", async () => {
    const file = join(folder, format === "esm" ? "program.mjs" : "program.cjs");
    await build({
      stdin: { contents: waiting, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
      bundle: true,
      platform: "node",
      format,
      outfile: file,
      logLevel: "error",
    });
    const { code, stdout, stderr } = await runProgram(file);
    expect({ code, lines: stdout.trim().split("\n") }).toEqual({ code: 0, lines: right });
    expect(stderr).toMatch(WARNING);
  });
});

/** Before the program: Node's Worker, with something in its way. */
const refusing = (what: string) => `
  import workers from "node:worker_threads";
  const { Worker } = workers;
  workers.Worker = ${what};
`;

test.each([
  [
    "a limit of threads",
    `class { constructor() { throw Object.assign(new Error("Worker initialization failure: EAGAIN"), { code: "ERR_WORKER_INIT_FAILED" }); } }`,
    "Worker initialization failure: EAGAIN",
  ],
  [
    "no memory for one more",
    "class extends Worker { constructor(url, options) { super(url, { ...options, resourceLimits: { maxOldGenerationSizeMb: 3, maxYoungGenerationSizeMb: 1 } }); } }",
    "Worker terminated due to reaching memory limit",
  ],
  [
    "an error as it starts",
    `class extends Worker { constructor(url, options) { super("throw new Error('no luck')", { ...options, eval: true }); } }`,
    "no luck",
  ],
])("%s: right results, one warning, and the program ends well", async (_, worker, why) => {
  const { code, stdout, stderr } = await runChild(`${refusing(worker)} ${waiting}`);
  expect({ code, lines: stdout.trim().split("\n") }).toEqual({ code: 0, lines: right });
  expect(stderr).toMatch(WARNING);
  expect(stderr).toContain(why);
});

test("several threads that cannot start are one warning, for several devices too", async () => {
  const { code, stderr } = await runChild(`
    ${refusing("class { constructor() { throw new Error('none'); } }")}
    const { WasmDevice } = await import("batchnorm");
    for (let i = 0; i < 3; i++) new WasmDevice({ threads: 8 });
  `);
  expect(code).toBe(0);
  expect(stderr).toMatch(WARNING);
});
