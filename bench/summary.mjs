// @ts-check
// From what was measured to what is said: which peer stands for a row, and how many times faster it is.

import { geometricMean, median } from "./stats.mjs";

/** @typedef {import("./cases.mjs").Case} Case */
/** @typedef {import("./rounds.mjs").Measured} Measured */
/** @typedef {{ case: Case, peers: import("./rounds.mjs").Results }} Result */

/**
 * @typedef {object} Recorded what docs/results/benchmarks.json holds
 * @property {string} date
 * @property {number} rounds
 * @property {number} sliceMs
 * @property {ReturnType<typeof import("./machine.mjs").describeMachine>} machine
 * @property {{ others: number, stolen: number } | null} load
 * @property {Record<string, string>} versions
 * @property {Record<string, string>} names      of the peers, by id
 * @property {Result[]} results
 * @property {Record<string, { startedMs?: number, loadedMs?: number, runs?: number, bytes?: number, notMeasured?: string }>} loading
 */

/** The results of one kind of case. @param {Recorded} recorded @param {string} kind */
export function ofKind({ results }, kind) {
  return results.filter((result) => result.case.kind === kind);
}

/**
 * Whether a row stands for a peer: PyTorch at two threads was measured with spinning and with sleeping threads
 * ("torch-2-passive"), some cases in several forms ("torch-1:channels_last").
 *
 * @param {string} row
 * @param {string} id
 */
function standsFor(row, id) {
  return id.startsWith(row) && /^($|[-:])/.test(id.slice(row.length));
}

/**
 * What a row says: the fastest of those it stands for.
 *
 * @param {Result} result
 * @param {string} row
 * @returns {(Measured & { id: string }) | undefined} undefined when it was not measured
 */
export function measured(result, row) {
  return Object.entries(result.peers)
    .flatMap(([id, entry]) => (standsFor(row, id) && "median" in entry ? [{ id, ...entry }] : []))
    .sort((a, b) => a.median - b.median)[0];
}

/**
 * How many times faster `row` is than `other`.
 *
 * @param {Result} result
 * @param {string} row
 * @param {string} other
 * @returns {{ ofMedians: number, byRound: number } | undefined}
 */
export function timesFaster(result, row, other) {
  const mine = measured(result, row);
  const theirs = measured(result, other);
  if (!mine || !theirs) return undefined;
  return {
    ofMedians: theirs.median / mine.median,
    // A slow peer may have taken part in the first rounds only.
    byRound: median(theirs.rounds.map((seconds, round) => seconds / mine.rounds[round]).filter(Number.isFinite)),
  };
}

/**
 * Over all shapes of a kind: geometric mean and extremes of the ratios of medians.
 *
 * @param {Result[]} results
 * @param {string} row
 * @param {string} other
 */
export function overShapes(results, row, other) {
  const ratios = results.flatMap((result) => timesFaster(result, row, other)?.ofMedians ?? []);
  if (ratios.length === 0) return undefined;
  return {
    mean: geometricMean(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    count: ratios.length,
  };
}

/**
 * Of several rows the one with the smallest median.
 *
 * @param {Result} result
 * @param {string[]} rows
 */
export function fastest(result, rows) {
  return rows
    .filter((row) => measured(result, row))
    .sort(
      (a, b) =>
        /** @type {Measured} */ (measured(result, a)).median - /** @type {Measured} */ (measured(result, b)).median,
    )[0];
}

/**
 * Reasons why something is missing, one line each: what, and why.
 *
 * @param {Result[]} results
 * @param {Record<string, string>} names of the peers
 * @param {Record<string, { notMeasured?: string }>} loading
 */
export function missing(results, names, loading) {
  /** @type {Map<string, string[]>} */
  const reasons = new Map();
  for (const { case: c, peers } of results) {
    for (const [id, entry] of Object.entries(peers)) {
      if (!("notMeasured" in entry)) continue;
      const [peer, form] = id.split(":");
      const key = `${names[peer]}${form ? `, ${form}` : ""}: ${entry.notMeasured}`;
      reasons.set(key, [...(reasons.get(key) ?? []), c.id]);
    }
  }
  const lines = [...reasons].map(([key, ids]) => `${key} (${ids.length === 1 ? ids[0] : `${ids.length} cases`})`);
  for (const [name, { notMeasured }] of Object.entries(loading)) {
    if (notMeasured) lines.push(`Loading ${name}: ${notMeasured}`);
  }
  return lines;
}
