import { areaY, axisX, axisY, gridY, line, text } from "@observablehq/plot";
import { grid, IN_STEPS, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import type { Comparison } from "./comparison.ts";

interface Row {
  readonly network: string;
  readonly step: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

const MARGINS = { marginLeft: 44, marginRight: 30, marginTop: 54, marginBottom: 40 };
const WITHOUT = "(b) without batch norm";
const WITH = "(c) with batch norm";

/** Figures 1b and 1c on one y axis: the {15, 50, 85}th percentiles of a sigmoid's input over training. */
export function percentilesChart(comparison: Comparison, theme: Theme, size: Size): Panel {
  const rows = [
    ...percentileRows(WITHOUT, comparison.withoutBatchNorm.points),
    ...percentileRows(WITH, comparison.withBatchNorm.points),
  ];
  const steps = Math.max(...rows.map((row) => row.step));
  const networks = [
    { name: WITHOUT, color: theme.withoutBatchNorm },
    { name: WITH, color: theme.withBatchNorm },
  ];
  const plotHeight = size.height - MARGINS.marginTop - MARGINS.marginBottom;
  const extent = Math.max(...rows.map((row) => row.high)) - Math.min(...rows.map((row) => row.low));
  const lineHeight = (12 / plotHeight) * extent;
  const marks = networks.flatMap(({ name, color }, index) => {
    const own = rows.filter((row) => row.network === name);
    const place = { fx: "network", x: "step" } as const;
    const last = own.slice(-1);
    const label = { ...place, dx: 4, textAnchor: "start", fill: theme.muted, fontSize: 11 } as const;
    const corner = {
      fx: () => name,
      frameAnchor: "top-left",
      textAnchor: "start",
      dx: index === 0 ? -34 : 0,
    } as const;
    return [
      areaY(own, { ...place, y1: "low", y2: "high", fill: color, fillOpacity: 0.16 }),
      line(own, { ...place, y: "low", stroke: color, strokeWidth: 1 }),
      line(own, { ...place, y: "high", stroke: color, strokeWidth: 1 }),
      line(own, { ...place, y: "middle", stroke: color, strokeWidth: 1.8 }),
      // Labels of a narrow band are kept a line apart.
      text(last, {
        ...label,
        y: (row: Row) => Math.max(row.high, row.middle + lineHeight),
        text: () => "85th",
      }),
      text(last, { ...label, y: "middle", text: () => "50th" }),
      text(last, {
        ...label,
        y: (row: Row) => Math.min(row.low, row.middle - lineHeight),
        text: () => "15th",
      }),
      text([name], { ...corner, dy: -38, fill: theme.ink, fontWeight: 600 }),
      text(index === 0 ? ["Input of the sigmoid"] : [], { ...corner, dy: -20, fill: theme.muted }),
    ];
  });
  return draw(
    {
      ...size,
      ...MARGINS,
      fx: { domain: [WITHOUT, WITH], padding: 0.2, axis: null },
      x: { domain: [0, steps] },
      y: { nice: true },
      marks: [
        gridY(grid(theme)),
        axisY({ ...quiet(theme), ticks: 5 }),
        axisX({ ...named("Training steps", theme), ...IN_STEPS, ticks: 3 }),
        ...marks,
      ],
    },
    theme,
    "Percentiles of the input of one sigmoid of the last hidden layer against training steps, without and with batch normalization",
  );
}

function percentileRows(network: string, points: Comparison["withBatchNorm"]["points"]): Row[] {
  return points.flatMap(({ step, percentiles }) =>
    percentiles
      ? [
          {
            network,
            step,
            low: percentiles[0],
            middle: percentiles[1],
            high: percentiles[2],
          },
        ]
      : [],
  );
}
