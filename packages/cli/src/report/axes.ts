/** What charts have in common: options of their axes and lines, and the words above them. */
import { type Markish, text } from "@observablehq/plot";
import type { Theme } from "./theme.ts";

/** An axis without a name and without ticks, only their words. */
export function quiet(theme: Theme) {
  return { label: null, tickSize: 0, color: theme.muted } as const;
}

/** As `quiet`, with a name in the middle. */
export function named(label: string, theme: Theme) {
  return { ...quiet(theme), label, labelArrow: "none", labelAnchor: "center" } as const;
}

/** Of values in percent. */
export const IN_PERCENT = { tickFormat: (value: number) => `${value}%` } as const;

const short = (step: number) => (step >= 1000 ? `${Number((step / 1000).toFixed(1))}k` : String(step));

/** Few round ticks for an axis of training steps: "10k" rather than "10,000". */
export const IN_STEPS = { ticks: 4, tickFormat: short } as const;

/** Lines for the eye to follow. */
export function grid(theme: Theme) {
  return { stroke: theme.grid, strokeOpacity: 1 } as const;
}

/** What a chart shows, above its left end. @param marginLeft  of the chart */
export function heading(words: string, marginLeft: number, look: { fill: string; fontWeight?: number }): Markish {
  return text([words], { frameAnchor: "top-left", textAnchor: "start", dx: 6 - marginLeft, dy: -18, ...look });
}
