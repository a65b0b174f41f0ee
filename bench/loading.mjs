// @ts-check
// What it costs to have a library at all: the bytes a page loads, and the time until its first result.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { median } from "./stats.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(import.meta.url);

/** Each program normalizes a [32, 64] batch and prints the ms it took from its first statement. */
const programs = {
  batchnorm: `
    const start = performance.now();
    const { BatchNorm, randn } = await import("batchnorm");
    const y = new BatchNorm(64).forward(randn([32, 64]));
    console.log(performance.now() - start, y.data[0]);`,
  "jax-js": `
    const start = performance.now();
    const { init, numpy: np, random } = await import("@jax-js/jax");
    await init("wasm");
    const x = random.normal(random.key(1), [32, 64]);
    const mean = x.ref.mean(0), centered = x.sub(mean);
    const y = centered.ref.div(np.sqrt(np.square(centered).mean(0).add(1e-5)));
    console.log(performance.now() - start, (await y.data())[0]);`,
  "TensorFlow.js": `
    const start = performance.now();
    const { createRequire } = await import("node:module");
    const require = createRequire(process.cwd() + "/");
    const tf = require("@tensorflow/tfjs");
    require("@tensorflow/tfjs-backend-wasm");
    await tf.setBackend("wasm");
    const x = tf.randomNormal([32, 64]);
    const { mean, variance } = tf.moments(x, 0);
    console.log(performance.now() - start, (await tf.batchNorm(x, mean, variance).data())[0]);`,
  PyTorch: `
import time
start = time.perf_counter()
import torch
y = torch.nn.BatchNorm1d(64)(torch.randn(32, 64))
print((time.perf_counter() - start) * 1e3, y[0, 0].item())`,
};

/**
 * Runs one program in a fresh process.
 *
 * @param {keyof typeof programs} name
 * @param {string} python
 * @returns {Promise<{ started: number, loaded: number } | { error: string }>} ms from the start of the process and
 *          from the program's first statement, both to the first result
 */
function once(name, python) {
  const [command, args] =
    name === "PyTorch"
      ? [python, ["-c", programs[name]]]
      : [process.execPath, ["--input-type=module", "-e", programs[name]]];
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(command, args, { cwd: here, stdio: ["ignore", "pipe", "pipe"] });
    let started = 0;
    let output = "";
    let complaint = "";
    child.stdout.on("data", (text) => {
      started ||= performance.now() - start;
      output += text;
    });
    child.stderr.on("data", (text) => (complaint += text));
    child.on("error", (error) => resolve({ error: error.message }));
    child.on("close", () => {
      const [loaded, value] = (output.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
      if (Number.isFinite(value)) resolve({ started, loaded });
      else
        resolve({
          error:
            complaint
              .trim()
              .split("\n")
              .findLast((line) => /error/i.test(line)) ?? "it printed no result",
        });
    });
  });
}

/**
 * @param {{ runs: number, python: string, onProgress: (text: string) => void, onProblem: (text: string) => void }} options
 */
export async function measureLoading({ runs, python, onProgress, onProblem }) {
  const names = /** @type {(keyof typeof programs)[]} */ (Object.keys(programs));
  /** @type {Record<string, { started: number[], loaded: number[], error?: string }>} */
  const times = Object.fromEntries(names.map((name) => [name, { started: [], loaded: [] }]));
  for (let run = 0; run < runs; run++) {
    onProgress(`loading ${run + 1} of ${runs}`);
    for (const name of names.filter((name) => !times[name].error)) {
      const answer = await once(name, python);
      if ("error" in answer) {
        times[name].error = answer.error;
        onProblem(`loading ${name} is not measured: ${answer.error}`);
      } else {
        times[name].started.push(answer.started);
        times[name].loaded.push(answer.loaded);
      }
    }
  }
  const sizes = await measureSizes(onProblem);
  return Object.fromEntries(
    names.map((name) => [
      name,
      times[name].error
        ? { notMeasured: times[name].error }
        : {
            startedMs: median(times[name].started),
            loadedMs: median(times[name].loaded),
            runs: times[name].started.length,
            bytes: sizes[name],
          },
    ]),
  );
}

/** Everything a page fetches to use a library: JavaScript bundled and minified, and its wasm file. */
const bundles = {
  batchnorm: { source: `export * from "batchnorm";`, files: [] },
  "jax-js": { source: `export * from "@jax-js/jax";`, files: [] },
  "TensorFlow.js": {
    source: `export * from "@tensorflow/tfjs"; export * as wasm from "@tensorflow/tfjs-backend-wasm";`,
    files: ["@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
  },
};

/**
 * Gzipped bytes of each bundle, without the chunks that are loaded only on demand.
 *
 * @param {(text: string) => void} onProblem
 * @returns {Promise<Record<string, number>>}
 */
async function measureSizes(onProblem) {
  const { build } = await import("esbuild");
  /** @type {Record<string, number>} */
  const sizes = {};
  for (const [name, { source, files }] of Object.entries(bundles)) {
    try {
      const { outputFiles, metafile } = await build({
        stdin: { contents: source, resolveDir: here, sourcefile: "entry.js" },
        bundle: true,
        minify: true,
        splitting: true,
        format: "esm",
        platform: "browser",
        // Node-only branches, never fetched by a page.
        external: ["node:*"],
        outdir: "out",
        write: false,
        metafile: true,
        logLevel: "silent",
      });
      const wanted = ["out/stdin.js"];
      for (const file of wanted) {
        for (const { path, kind } of metafile.outputs[file].imports) {
          if (kind === "import-statement" && path in metafile.outputs && !wanted.includes(path)) wanted.push(path);
        }
      }
      const parts = [
        ...outputFiles.filter(({ path }) => wanted.some((file) => path.endsWith(file))).map(({ contents }) => contents),
        ...files.map((file) => readFileSync(require.resolve(file))),
      ];
      sizes[name] = parts.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0);
    } catch (error) {
      onProblem(`the size of ${name} is not measured: ${String(error).split("\n")[0]}`);
    }
  }
  return sizes;
}
