// @ts-check
// Interleaved measuring: a round takes one short slice of every (case, peer) pair, and the peers of a case follow
// one another, so that whatever the machine does in that minute happens to all of them.

import { setTimeout as sleep } from "node:timers/promises";
import { watchProcessors } from "./machine.mjs";
import { Peer } from "./peer.mjs";
import { median } from "./stats.mjs";

/** @typedef {import("./cases.mjs").Case} Case */
/** @typedef {{ notMeasured: string }} Missing */
/** @typedef {{ median: number, best: number, rounds: number[] }} Measured seconds of one iteration */
/** @typedef {Record<string, Measured | Missing>} Results by peer */

/** Pause after a slice, in ms, in which a peer's spinning threads go to sleep. */
const PAUSE_MS = 25;

/**
 * Why two peers do not agree on a case; undefined when they do. Different orders of summation are allowed for,
 * different results are not.
 *
 * @param {number[]} values
 * @param {number[]} standard
 */
function disagreement(values, standard) {
  for (let i = 0; i < standard.length; i++) {
    const tolerance = 2e-3 * (1 + Math.abs(standard[i]));
    if (!(Math.abs(values[i] - standard[i]) <= tolerance)) return `value ${i} is ${values[i]}, not ${standard[i]}`;
  }
  return undefined;
}

/**
 * @param {Case[]} cases
 * @param {import("./peer.mjs").PeerSpec[]} specs
 * @param {{ rounds: number, sliceMs: number, onProgress: (text: string) => void, onProblem: (text: string) => void }} options
 */
export async function measureRounds(cases, specs, { rounds, sliceMs, onProgress, onProblem }) {
  const peers = specs.filter((spec) => cases.some(spec.measures)).map((spec) => new Peer(spec));
  for (const peer of peers) {
    onProgress(`starting ${peer.spec.id}`);
    await peer.ready();
    if (peer.unavailable) onProblem(`${peer.spec.id} is not measured: ${peer.unavailable}`);
  }

  /** @type {Map<Case, Map<Peer, { error?: string, rounds: number[], best: number }>>} */
  const table = new Map();
  for (const c of cases) {
    onProgress(`checking ${c.id}`);
    const row = new Map();
    /** @type {{ id: string, values: number[] } | undefined} */
    let standard;
    for (const peer of peers.filter((p) => p.spec.measures(c))) {
      const entry = {
        error: /** @type {string | undefined} */ (undefined),
        rounds: [],
        best: Number.POSITIVE_INFINITY,
      };
      row.set(peer, entry);
      const { values, error } = await peer.ask({ op: "check", case: c });
      entry.error = error;
      if (values?.length) {
        standard ??= { id: peer.spec.id, values };
        const difference = disagreement(values, standard.values);
        if (difference) entry.error = `its result is not that of ${standard.id}: ${difference}`;
      }
      if (!entry.error) entry.error = (await peer.ask({ op: "run", case: c, ms: sliceMs })).error;
      if (entry.error && !peer.unavailable) onProblem(`${peer.spec.id} does not measure ${c.id}: ${entry.error}`);
      await sleep(PAUSE_MS);
    }
    table.set(c, row);
  }

  const pids = () => [
    process.pid,
    ...peers.flatMap(({ process: { pid, exitCode } }) => (pid && exitCode === null ? [pid] : [])),
  ];
  const processors = watchProcessors(pids);
  for (let round = 0; round < rounds; round++) {
    for (const [c, row] of table) {
      onProgress(`round ${round + 1} of ${rounds}: ${c.id}`);
      const turn = [...row.entries()];
      const first = round % Math.max(1, turn.length);
      for (const [peer, entry] of [...turn.slice(first), ...turn.slice(0, first)]) {
        if (entry.error) continue;
        const { iterations, seconds, best, error } = await peer.ask({ op: "run", case: c, ms: sliceMs });
        if (error !== undefined || !iterations || !seconds || !best) {
          entry.error = error ?? "it measured nothing";
          onProblem(`${peer.spec.id} stops measuring ${c.id}: ${entry.error}`);
          continue;
        }
        entry.rounds.push(seconds / iterations);
        entry.best = Math.min(entry.best, best);
        await sleep(PAUSE_MS);
      }
    }
  }
  const load = processors();
  for (const peer of peers) peer.stop();

  return {
    load,
    versions: Object.assign({}, ...peers.map((peer) => peer.versions)),
    names: Object.fromEntries(
      specs.map(({ id, label, threads }) => [id, `${label}, ${threads} thread${threads > 1 ? "s" : ""}`]),
    ),
    results: [...table].map(([c, row]) => ({
      case: c,
      /** @type {Results} */
      peers: Object.fromEntries(
        [...row].map(([peer, { error, rounds: seconds, best }]) => [
          peer.spec.id,
          error ? { notMeasured: error } : { median: median(seconds), best, rounds: seconds },
        ]),
      ),
    })),
  };
}
