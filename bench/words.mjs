// @ts-check
// Numbers as a reader wants them.

/** 2.34×, 12.3×, 123×. @param {number | undefined} ratio */
export function times(ratio) {
  return ratio === undefined || !Number.isFinite(ratio) ? "–" : `${figures(ratio)}×`;
}

/** Three figures, and no more than the whole number from 100 on. @param {number} value */
export function figures(value) {
  if (!Number.isFinite(value)) return "–";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))));
  return value.toFixed(Math.min(2, decimals));
}

/** A duration in µs, ms or s. @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds >= 1) return `${figures(seconds)} s`;
  return seconds < 1e-3 ? `${figures(seconds * 1e6)} µs` : `${figures(seconds * 1e3)} ms`;
}

/** Median with the best in brackets. @param {{ median: number, best: number } | undefined} measured @param {(value: number) => string} word */
export function medianAndBest(measured, word = duration) {
  if (!measured) return "–";
  const [middle, best] = [word(measured.median), word(measured.best)];
  const unit = middle.split(" ")[1];
  return unit && best.endsWith(` ${unit}`) ? `${middle} (${best.split(" ")[0]})` : `${middle} (${best})`;
}

/**
 * A Markdown table; its first columns are text, the others numbers.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows, textColumns = 1) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i < textColumns ? "---" : "--:"))), ...rows.map(line)].join("\n");
}
