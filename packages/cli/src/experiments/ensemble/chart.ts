import { axisX, axisY, dot, gridY, line, ruleX, text } from "@observablehq/plot";
import { grid, heading, IN_PERCENT, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { fixed } from "../../words.ts";
import type { EnsembleResults } from "./results.ts";
import type { Vote } from "./votes.ts";

const MARGIN_LEFT = 48;

/** Test accuracy against the number of networks whose predictions are averaged: mean and range over all choices. */
export function votesChart({ votes }: EnsembleResults, theme: Theme, size: Size): Panel {
  const lowest = 100 * Math.min(...votes.map((vote) => vote.lowest));
  const highest = 100 * Math.max(...votes.map((vote) => vote.highest));
  const room = Math.max(0.5, (highest - lowest) / 8);
  const mean = (vote: Vote) => 100 * vote.mean;
  return draw(
    {
      ...size,
      marginLeft: MARGIN_LEFT,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 42,
      x: { domain: [0.5, votes.length + 0.5] },
      y: { domain: [Math.max(0, lowest - room), Math.min(100, highest + 2 * room)] },
      marks: [
        gridY({ ...grid(theme), ticks: 5 }),
        axisY({ ...quiet(theme), ...IN_PERCENT, ticks: 5 }),
        axisX(
          votes.map(({ networks }) => networks),
          { ...named("Networks", theme), tickFormat: String },
        ),
        ruleX(votes, {
          x: "networks",
          y1: (vote: Vote) => 100 * vote.lowest,
          y2: (vote: Vote) => 100 * vote.highest,
          stroke: theme.withBatchNorm,
          strokeOpacity: 0.35,
          strokeWidth: 6,
        }),
        line(votes, { x: "networks", y: mean, stroke: theme.withBatchNorm, strokeWidth: 1.8 }),
        dot(votes, { x: "networks", y: mean, fill: theme.withBatchNorm, r: 4 }),
        text(votes, {
          x: "networks",
          y: (vote: Vote) => 100 * vote.highest,
          dy: -10,
          text: (vote: Vote) => `${fixed(100 * vote.mean, 1)}%`,
          fill: theme.ink,
        }),
        heading("Test accuracy: mean, and range over all choices", MARGIN_LEFT, { fill: theme.muted }),
      ],
    },
    theme,
    "Test accuracy against the number of networks whose class probabilities are averaged",
  );
}
