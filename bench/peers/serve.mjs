// @ts-check
// A peer's side of the conversation: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   {"op": "check", "case": …}            → {"values": [numbers]}
//   {"op": "run", "case": …, "ms": 200}   → {"iterations": …, "seconds": …, "best": seconds of one iteration}
//
// An answer {"error": "…"} means that this peer cannot do this case. A peer ends when its stdin does, so none
// outlives the process that started it.

import { createInterface } from "node:readline";

/** @typedef {import("../cases.mjs").Case} Case */

/**
 * @typedef {object} Task
 * @property {() => void | Promise<unknown>} run         one iteration
 * @property {() => number[] | Promise<number[]>} check  numbers that every peer must agree on, from a fresh start
 * @property {boolean} [asynchronous]                    run() must be awaited
 * @property {number} [images]                           images of one run: they are the iterations that count then
 * @property {(ms: number) => Promise<Slice>} [measure]  for a peer that has to time itself
 */

/** @typedef {{ iterations: number, seconds: number, best: number }} Slice */

/** Time one batch of iterations has to last for the clock and an await not to matter, in ms. */
const BATCH_MS = 2;

/** One iteration that takes so many slices is the measurement: it has warmed itself up. */
const LONG = 8;

/**
 * Repeats a task for a time slice, after a warm-up of a fifth of it.
 *
 * @param {Task} task
 * @param {number} ms
 * @returns {Promise<Slice>}
 */
export async function measure(task, ms) {
  const { run, asynchronous, images = 1 } = task;
  /** @param {number} count */
  const time = async (count) => {
    const start = performance.now();
    if (asynchronous) for (let i = 0; i < count; i++) await run();
    else for (let i = 0; i < count; i++) run();
    return performance.now() - start;
  };

  let count = 1;
  for (let spent = 0; ; ) {
    const took = await time(count);
    spent += took;
    if (count === 1 && took > LONG * ms) return { iterations: images, seconds: took / 1e3, best: took / 1e3 / images };
    if (spent > ms / 5) {
      count = Math.max(1, Math.ceil((count * BATCH_MS) / Math.max(took, 1e-3)));
      break;
    }
    if (took < BATCH_MS) count *= 2;
  }

  let iterations = 0;
  let spent = 0;
  let best = Number.POSITIVE_INFINITY;
  while (spent < ms) {
    const took = await time(count);
    spent += took;
    iterations += count;
    best = Math.min(best, took / count);
  }
  return { iterations: iterations * images, seconds: spent / 1e3, best: best / 1e3 / images };
}

/** @param {object} message */
function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Answers requests until stdin ends.
 *
 * @param {() => Promise<{ versions: Record<string, string>, prepare: (c: Case) => Task | Promise<Task> }>} start
 *        loads the peer; a thrown error tells why it is not available
 */
export async function serve(start) {
  let peer;
  try {
    peer = await start();
  } catch (error) {
    say({ unavailable: String(error instanceof Error ? error.message : error).split("\n")[0] });
    return;
  }
  say({ ready: true, versions: peer.versions });

  /** @type {Map<string, Task>} */
  const tasks = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = JSON.parse(line);
      const key = request.case.id;
      const task = tasks.get(key) ?? (await peer.prepare(request.case));
      tasks.set(key, task);
      if (request.op === "check") say({ values: await task.check() });
      else say(await (task.measure?.(request.ms) ?? measure(task, request.ms)));
    } catch (error) {
      say({ error: String(error instanceof Error ? error.message : error).split("\n")[0] });
    }
  }
  process.exit(0);
}
