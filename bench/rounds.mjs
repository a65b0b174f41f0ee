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
 * One way in which a peer does a case.
 *
 * @typedef {object} Entry
 * @property {string} id          the peer's, with the form behind a colon where there is one
 * @property {Peer} peer
 * @property {Case} asked         the case as this peer gets it
 * @property {number} mostRounds
 * @property {string} [error]
 * @property {number[]} rounds    seconds of one iteration
 * @property {number} best
 */

/** All ways in which a peer does a case. @param {Peer} peer @param {Case} c @returns {Entry[]} */
function entriesOf(peer, c) {
  const kind = peer.spec.id.split("-")[0];
  const { batch = c.batch, rounds: mostRounds = Number.POSITIVE_INFINITY } = c.limits?.[kind] ?? {};
  /** @type {(string | undefined)[]} */
  const forms = c.forms?.[kind] ?? [undefined];
  return forms.map((form) => {
    const suffix = form ? `:${form}` : "";
    const asked = { ...c, id: c.id + suffix, batch, form };
    return { id: peer.spec.id + suffix, peer, asked, mostRounds, rounds: [], best: Number.POSITIVE_INFINITY };
  });
}

/**
 * Why two peers do not agree on a case; undefined when they do. Different orders of summation are allowed for,
 * different results are not.
 *
 * @param {number[]} values
 * @param {number[]} standard
 * @param {number} [tolerance]  relative to a value, and to 1 where that is smaller
 */
function disagreement(values, standard, tolerance = 2e-3) {
  for (let i = 0; i < standard.length; i++) {
    const most = tolerance * (1 + Math.abs(standard[i]));
    if (!(Math.abs(values[i] - standard[i]) <= most)) return `value ${i} is ${values[i]}, not ${standard[i]}`;
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

  /** @type {Map<Case, Entry[]>} */
  const table = new Map();
  for (const c of cases) {
    onProgress(`checking ${c.id}`);
    const row = peers.filter((peer) => peer.spec.measures(c)).flatMap((peer) => entriesOf(peer, c));
    /** @type {{ id: string, values: number[] } | undefined} */
    let standard;
    for (const entry of row) {
      const { id, peer, asked } = entry;
      const { values, error } = await peer.ask({ op: "check", case: asked });
      entry.error = error;
      if (values?.length) {
        standard ??= { id, values };
        const difference = disagreement(values, standard.values, c.tolerance);
        if (difference) entry.error = `its result is not that of ${standard.id}: ${difference}`;
      }
      if (!entry.error) entry.error = (await peer.ask({ op: "run", case: asked, ms: sliceMs })).error;
      if (entry.error && !peer.unavailable) onProblem(`${id} does not measure ${c.id}: ${entry.error}`);
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
      const first = round % Math.max(1, row.length);
      for (const entry of [...row.slice(first), ...row.slice(0, first)]) {
        const { id, peer, asked } = entry;
        if (entry.error || round >= entry.mostRounds) continue;
        const { iterations, seconds, best, error } = await peer.ask({ op: "run", case: asked, ms: sliceMs });
        if (error !== undefined || !iterations || !seconds || !best) {
          entry.error = error ?? "it measured nothing";
          onProblem(`${id} stops measuring ${c.id}: ${entry.error}`);
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
        row.map(({ id, error, rounds: seconds, best }) => [
          id,
          error ? { notMeasured: error } : { median: median(seconds), best, rounds: seconds },
        ]),
      ),
    })),
  };
}
