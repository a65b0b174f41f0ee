#!/usr/bin/env node
// @ts-check
// `npm run bench`: measures, then writes the report and the raw figures.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases } from "./cases.mjs";
import { headlines } from "./headlines.mjs";
import { measureLoading } from "./loading.mjs";
import { describeMachine, watchProcessors } from "./machine.mjs";
import { peerSpecs, systemPython } from "./peers.mjs";
import { report } from "./report.mjs";
import { measureRounds } from "./rounds.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "..");

const help = `Usage: npm run bench -- [options]

Compares batchnorm with PyTorch, TensorFlow.js, jax-js and ONNX Runtime on this machine, in interleaved rounds.
A complete run is estimated at twenty minutes and 10 GB of memory, and wants a quiet machine; it writes docs/benchmarks.md and
docs/results/benchmarks.json. A partial one (--quick, --only) writes bench/results/ instead.

  --quick            2 short rounds, some five minutes: is everything there?
  --only SUITE       bn, mnist, gemm, cnn or load; may be given more than once
  --rounds N         rounds (9)
  --slice MS         time for one peer on one case in one round, in ms (150)
  --python PATH      the Python that has PyTorch (${systemPython}); bench/peers.sh installs it on Debian and Ubuntu
  --render           write docs/benchmarks.md again from the recorded figures, without measuring
  --help             this text

Examples:
  npm run bench -- --quick
  npm run bench -- --only mnist --rounds 15`;

const suites = ["bn", "mnist", "gemm", "cnn", "load"];

/** @returns {never} @param {string} message */
function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        rounds: { type: "string" },
        slice: { type: "string" },
        python: { type: "string", default: systemPython },
        render: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const number = (
      /** @type {string} */ name,
      /** @type {string | undefined} */ text,
      /** @type {number} */ standard,
    ) => {
      if (text === undefined) return standard;
      if (!/^[1-9]\d*$/.test(text)) throw new Error(`expected a whole number from 1 for --${name}, got "${text}"`);
      return Number(text);
    };
    const only = (values.only ?? suites).flatMap((list) => list.split(","));
    const unknown = only.find((suite) => !suites.includes(suite));
    if (unknown !== undefined) throw new Error(`expected --only to be one of ${suites.join(", ")}, got "${unknown}"`);
    return {
      ...values,
      only,
      complete: !values.quick && values.only === undefined,
      rounds: number("rounds", values.rounds, values.quick ? 2 : 9),
      sliceMs: number("slice", values.slice, values.quick ? 50 : 150),
      loads: values.quick ? 3 : 15,
    };
  } catch (error) {
    return fail(`${/** @type {Error} */ (error).message}. See npm run bench -- --help`);
  }
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
  console.error(`Wrote ${relative(process.cwd(), path)}`);
}

/** Six figures are more than a clock is good for; lists of numbers stay on one line. @param {object} value */
function serialize(value) {
  const short = (/** @type {string} */ _, /** @type {unknown} */ v) =>
    typeof v === "number" ? Number(v.toPrecision(6)) : v;
  return JSON.stringify(value, short, 1).replace(/\[[-\d.,e\s]+\]/g, (list) => list.replace(/\s+/g, " "));
}

/** One line that is overwritten on a terminal, and left out elsewhere. @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** @param {string} text */
function problem(text) {
  progress("");
  console.error(`! ${text}`);
}

const chosen = options();
if (chosen.help) {
  console.log(help);
  process.exit(0);
}
const reportPath = resolve(root, chosen.complete ? "docs/benchmarks.md" : "bench/results/benchmarks.md");
const figuresPath = resolve(root, chosen.complete ? "docs/results/benchmarks.json" : "bench/results/benchmarks.json");

if (chosen.render) {
  if (!existsSync(figuresPath))
    fail(`there are no recorded figures in ${relative(process.cwd(), figuresPath)}: run npm run bench`);
  write(reportPath, report(JSON.parse(readFileSync(figuresPath, "utf8"))));
  process.exit(0);
}
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => process.exit(signal === "SIGINT" ? 130 : 143)); // Peer ends its children on exit.
}
if (!existsSync(resolve(root, "packages/batchnorm/dist/index.js"))) fail("the library is not built: npm run build");

const settled = watchProcessors(() => [process.pid]);
await new Promise((resolve) => setTimeout(resolve, 1000));
const before = settled();
if (before && before.others + before.stolen > 0.1) {
  problem(
    `the machine is busy: others take ${Math.round(100 * (before.others + before.stolen))}% of the processors; expect noise`,
  );
}

const wanted = cases.filter((c) => chosen.only.includes(c.suite));
const talk = { onProgress: progress, onProblem: problem };
const measured = wanted.length
  ? await measureRounds(wanted, peerSpecs(chosen.python), {
      rounds: chosen.rounds,
      sliceMs: chosen.sliceMs,
      ...talk,
    })
  : { load: before, versions: {}, names: {}, results: [] };
const loading = chosen.only.includes("load")
  ? await measureLoading({ runs: chosen.loads, python: chosen.python, ...talk })
  : {};
progress("");

/** @type {import("./summary.mjs").Recorded} */
const recorded = {
  date: new Date().toISOString().slice(0, 10),
  rounds: chosen.rounds,
  sliceMs: chosen.sliceMs,
  machine: describeMachine(),
  load: measured.load ?? null,
  versions: measured.versions,
  names: measured.names,
  results: measured.results,
  loading,
};
write(figuresPath, `${serialize(recorded)}\n`);
write(reportPath, report(recorded));
for (const [what, other, ratio, range] of headlines(recorded)) {
  console.log(`${what}, against ${other}: ${ratio.replaceAll("*", "")}${range ? ` (${range})` : ""}`);
}
process.exit(0);
