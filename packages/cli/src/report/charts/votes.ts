import { axisX, axisY, dot, gridY, line, ruleX, text } from "@observablehq/plot";
import type { EnsembleResults } from "../../experiments/ensemble.ts";
import type { Vote } from "../../experiments/votes.ts";
import { fixed } from "../../words.ts";
import { draw, type Panel } from "../svg.ts";
import type { Theme } from "../theme.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Test accuracy against the number of networks whose predictions are averaged: mean and range over all choices. */
export function votesChart({ votes }: EnsembleResults, theme: Theme, size: Size): Panel {
  const lowest = 100 * Math.min(...votes.map((vote) => vote.lowest));
  const highest = 100 * Math.max(...votes.map((vote) => vote.highest));
  const room = Math.max(0.5, (highest - lowest) / 8);
  const mean = (vote: Vote) => 100 * vote.mean;
  return draw(
    {
      ...size,
      marginLeft: 48,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 42,
      x: { domain: [0.5, votes.length + 0.5] },
      y: { domain: [Math.max(0, lowest - room), Math.min(100, highest + 2 * room)] },
      marks: [
        gridY({ stroke: theme.grid, strokeOpacity: 1, ticks: 5 }),
        axisY({ label: null, tickFormat: (value: number) => `${value}%`, tickSize: 0, ticks: 5, color: theme.muted }),
        axisX(
          votes.map(({ networks }) => networks),
          {
            label: "Networks",
            labelArrow: "none",
            labelAnchor: "center",
            tickSize: 0,
            tickFormat: String,
            color: theme.muted,
          },
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
        text(["Test accuracy: mean, and range over all choices"], {
          frameAnchor: "top-left",
          textAnchor: "start",
          dx: -42,
          dy: -18,
          fill: theme.muted,
        }),
      ],
    },
    theme,
    "Test accuracy against the number of networks whose class probabilities are averaged",
  );
}
