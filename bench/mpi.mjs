// @ts-check
// Training on several ranks of one thread each: images and steps a second, the time in collectives, and what a collective
// costs by its bytes. `node bench/mpi.mjs` starts the ranks itself, and writes Markdown; `--help` says more.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { randn, SGD, Trainer } from "batchnorm";
import { mnistNetwork, resnet } from "batchnorm/models";
import { connect, synchronize } from "batchnorm-mpi";
import { describeMachine } from "./machine.mjs";
import { median } from "./stats.mjs";

const HELP = `node bench/mpi.mjs [--ranks 1,2] [--rounds 5] [--seconds 4] [--launcher "mpirun -np {}"]
  --ranks     how many ranks, one after another; the first is what the others are compared with
  --rounds    of all cases and numbers of ranks in turn; medians are given
  --seconds   of a case in a round
  --launcher  what starts ranks, {} being their number; bench/netns.sh has one for two network namespaces`;

/** The same number of examples in all, however many ranks there are. */
const CASES = {
  "ResNet-20, 128 images a step": { model: () => resnet({ depth: 20 }), shape: [32, 32, 3], batch: 128 },
  "MNIST network, 240 images a step": { model: () => mnistNetwork(), shape: [784], batch: 240 },
};

/** Bytes of sums whose time is taken. */
const BYTES = [64, 1024, 16_384, 262_144, 1_048_576, 4_194_304];

/** A rank's part of a round. @param {string} out  where rank 0 writes its figures @param {number} seconds */
async function measure(out, seconds) {
  const comm = await connect();
  /** @type {Record<string, Awaited<ReturnType<typeof timeCase>>>} */
  const cases = {};
  for (const [name, it] of Object.entries(CASES)) cases[name] = await timeCase(comm, it, seconds);
  const sums = BYTES.map((bytes) => ({ bytes, seconds: timeSum(comm, bytes) }));
  if (comm.rank === 0) writeFileSync(out, JSON.stringify({ library: comm.library, cases, sums }));
  comm.close();
}

/**
 * @param {import("batchnorm-mpi").Communicator} comm
 * @param {(typeof CASES)[keyof typeof CASES]} it
 * @param {number} seconds
 */
async function timeCase(comm, { model, shape, batch }, seconds) {
  const network = synchronize(model(), comm);
  const trainer = new Trainer(network, { optimizer: new SGD({ lr: 0.01, momentum: 0.9 }), shards: comm });
  const own = Math.floor((batch * (comm.rank + 1)) / comm.size) - Math.floor((batch * comm.rank) / comm.size);
  const x = randn([own, ...shape], { seed: comm.rank });
  const labels = Int32Array.from({ length: own }, (_, i) => i % 10);
  for (let i = 0; i < 3; i++) await trainer.step(x, labels);
  // All ranks take as many steps: rank 0 says how many are worth the time.
  const before = performance.now();
  await trainer.step(x, labels);
  const steps = Float64Array.of(Math.max(3, Math.round((1000 * seconds) / (performance.now() - before))));
  comm.broadcast(steps);
  const { calls, bytes, seconds: waited } = comm.traffic;
  const start = performance.now();
  for (let i = 0; i < steps[0]; i++) await trainer.step(x, labels);
  const each = (performance.now() - start) / 1000 / steps[0];
  const { traffic } = comm;
  await trainer.close();
  return {
    batch,
    seconds: each,
    collectives: (traffic.seconds - waited) / steps[0],
    calls: (traffic.calls - calls) / steps[0],
    bytes: (traffic.bytes - bytes) / steps[0],
  };
}

/** @param {import("batchnorm-mpi").Communicator} comm @param {number} bytes */
function timeSum(comm, bytes) {
  const values = new Float32Array(bytes / 4);
  const times = [];
  for (let i = 0; i < 50; i++) {
    comm.barrier();
    const start = performance.now();
    comm.sum(values).wait();
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

/** a + b · bytes by least squares of relative errors. @param {{ bytes: number, seconds: number }[]} points */
function fit(points) {
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (const { bytes, seconds } of points) {
    const weight = 1 / seconds ** 2;
    w += weight;
    x += weight * bytes;
    y += weight * seconds;
    xx += weight * bytes * bytes;
    xy += weight * bytes * seconds;
  }
  const b = (w * xy - x * y) / (w * xx - x * x);
  return { a: (y - b * x) / w, b };
}

/** @param {string} launcher @param {number} ranks @param {number} seconds */
function launch(launcher, ranks, seconds) {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-bench-"));
  const out = join(folder, "figures.json");
  try {
    const [command, ...args] = launcher.replaceAll("{}", String(ranks)).split(/\s+/);
    const self = fileURLToPath(import.meta.url);
    const program = [process.execPath, self, "--rank", out, "--seconds", String(seconds)];
    const { status, error } = spawnSync(command, [...args, ...program], { stdio: ["ignore", "inherit", "inherit"] });
    if (status !== 0) throw error ?? new Error(`${command} has ended with ${status}`);
    return JSON.parse(readFileSync(out, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Map<number, any[]>} rounds  by ranks */
function report(rounds) {
  const sizes = [...rounds.keys()];
  const middle = (/** @type {number} */ size, /** @type {(round: any) => number} */ of) =>
    median((rounds.get(size) ?? []).map(of));
  const lines = ["| | ranks | steps/s | images/s | times | collectives a step | bytes a step | time in them |"];
  lines.push("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const name of Object.keys(CASES)) {
    const first = middle(sizes[0], ({ cases }) => cases[name].seconds);
    for (const size of sizes) {
      const [{ cases }] = rounds.get(size) ?? [];
      const seconds = middle(size, (round) => round.cases[name].seconds);
      const share = middle(size, (round) => round.cases[name].collectives) / seconds;
      const { batch, calls, bytes } = cases[name];
      const cells = [name, size, (1 / seconds).toFixed(1), (batch / seconds).toFixed(0), (first / seconds).toFixed(2)];
      lines.push(`| ${[...cells, calls, bytes, `${(100 * share).toFixed(0)}%`].join(" | ")} |`);
    }
  }
  lines.push("", "| ranks | a, µs a sum | b, ns a byte |", "|--:|--:|--:|");
  for (const size of sizes) {
    const points = BYTES.map((bytes, i) => ({ bytes, seconds: middle(size, ({ sums }) => sums[i].seconds) }));
    const { a, b } = fit(points);
    lines.push(`| ${size} | ${(1e6 * a).toFixed(1)} | ${(1e9 * b).toFixed(3)} |`);
  }
  return lines.join("\n");
}

const { values } = parseArgs({
  options: {
    ranks: { type: "string", default: "1,2" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    launcher: { type: "string", default: "mpirun -np {}" },
    rank: { type: "string" },
    help: { type: "boolean" },
  },
});
const seconds = Number(values.seconds);
if (values.help) console.log(HELP);
else if (values.rank) await measure(values.rank, seconds);
else {
  const sizes = values.ranks.split(",").map(Number);
  const rounds = new Map(sizes.map((size) => [size, /** @type {any[]} */ ([])]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const size of sizes) rounds.get(size)?.push(launch(values.launcher, size, seconds));
  }
  const folder = fileURLToPath(new URL("./results", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const machine = describeMachine();
  writeFileSync(join(folder, "mpi.json"), JSON.stringify({ machine, rounds: Object.fromEntries(rounds) }, null, 1));
  console.log(`${JSON.stringify(machine)}\n\n${report(rounds)}`);
}
