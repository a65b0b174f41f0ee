import { axisX, axisY, dot, gridY, line, ruleY, text } from "@observablehq/plot";
import { grid, heading, IN_PERCENT, IN_STEPS, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { percent } from "../../words.ts";
import { race } from "./race.ts";
import type { InceptionResults, InceptionRun } from "./results.ts";
import { spread } from "./spread.ts";

const MARGINS = { marginLeft: 44, marginRight: 132, marginTop: 28, marginBottom: 40 };
/** Names at the ends of lines are kept so many pixels apart. */
const NAME_HEIGHT = 15;

/** Networks without batch norm are dashed; those with it have a colour each. */
const LOOKS: Record<string, { color: keyof Theme; dash: string }> = {
  Inception: { color: "withoutBatchNorm", dash: "5 3" },
  "Inception-Sigmoid": { color: "withoutBatchNorm", dash: "2 3" },
  "BN-Baseline": { color: "ink", dash: "none" },
  "BN-x5": { color: "withBatchNorm", dash: "none" },
  "BN-x30": { color: "green", dash: "none" },
  "BN-x5-Sigmoid": { color: "pink", dash: "none" },
};

interface Row {
  readonly step: number;
  readonly percent: number;
}

/** Figure 2: test accuracy of all networks against the step, and when each was as good as Inception ever was. */
export function raceChart(results: InceptionResults, theme: Theme, size: Size): Panel {
  const { target, standings } = race(results);
  const rows = ({ points }: InceptionRun): Row[] =>
    points.flatMap(({ step, accuracy }) =>
      accuracy.test === undefined ? [] : [{ step, percent: 100 * accuracy.test }],
    );
  const networks = standings.map(({ run, steps }) => {
    const { color, dash } = LOOKS[run.name] ?? { color: "muted", dash: "none" };
    return { name: run.name, rows: rows(run), reached: steps, stroke: theme[color], dash };
  });
  const highest = Math.max(...networks.flatMap((network) => network.rows.map((row) => row.percent)));
  const top = Math.min(100, 10 * Math.ceil((highest + 3) / 10));
  const places = spread(
    networks.map((network) => network.rows.at(-1)?.percent ?? 0),
    (NAME_HEIGHT * top) / (size.height - MARGINS.marginTop - MARGINS.marginBottom),
  );
  const ticks = Array.from({ length: top / 10 + 1 }, (_, index) => 10 * index).filter((tick) => tick % 20 === 0);
  const place = { x: "step", y: "percent", clip: true } as const;
  return draw(
    {
      ...size,
      ...MARGINS,
      x: { domain: [0, results.steps] },
      y: { domain: [0, top] },
      marks: [
        gridY(ticks, grid(theme)),
        axisY(ticks, { ...quiet(theme), ...IN_PERCENT }),
        axisX({ ...named("Training steps", theme), ...IN_STEPS }),
        ruleY([100 * target.accuracy], { stroke: theme.muted, strokeDasharray: "1 3" }),
        ...networks.map(({ rows, stroke, dash }) =>
          line(rows, { ...place, stroke, strokeWidth: 1.8, strokeDasharray: dash }),
        ),
        ...networks.map(({ rows, reached, stroke }) =>
          dot(
            rows.filter(({ step }) => step === reached),
            { ...place, clip: false, fill: stroke, r: 4 },
          ),
        ),
        ...networks.map(({ name, stroke }, index) =>
          text([name], {
            frameAnchor: "right",
            textAnchor: "start",
            y: places[index],
            dx: 8,
            fill: stroke,
            fontWeight: 600,
          }),
        ),
        heading(
          `Test accuracy; dots: as good as Inception’s best, ${percent(target.accuracy, 1)}`,
          MARGINS.marginLeft,
          {
            fill: theme.muted,
          },
        ),
      ],
    },
    theme,
    "Test accuracy against training steps of Inception networks with and without batch normalization",
  );
}
