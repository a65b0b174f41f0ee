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
 * PyTorch at two threads was measured with spinning and with sleeping threads: the faster one counts.
 * Every other row has one peer.
 *
 * @type {Record<string, string[]>}
 */
const variants = { "torch-2": ["torch-2-active", "torch-2-passive"] };

/**
 * @param {Result} result
 * @param {string} row
 * @returns {Measured | undefined} undefined when it was not measured
 */
export function measured(result, row) {
  return (variants[row] ?? [row])
    .map((id) => result.peers[id])
    .filter((entry) => entry !== undefined && "median" in entry)
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
    byRound: median(mine.rounds.map((seconds, round) => theirs.rounds[round] / seconds)),
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
      const key = `${names[id]}: ${entry.notMeasured}`;
      reasons.set(key, [...(reasons.get(key) ?? []), c.id]);
    }
  }
  const lines = [...reasons].map(([key, ids]) => `${key} (${ids.length === 1 ? ids[0] : `${ids.length} cases`})`);
  for (const [name, { notMeasured }] of Object.entries(loading)) {
    if (notMeasured) lines.push(`Loading ${name}: ${notMeasured}`);
  }
  return lines;
}
