import { axisX, axisY, cell, text } from "@observablehq/plot";
import { named } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { type Cell, type RobustnessResults, TRAINED } from "./results.ts";

/** Light squares carry dark digits and dark squares light ones; the scale is the same in every panel. */
const DARK_DIGITS_FROM = 55;

/** Test accuracy of one network over the grid of learning rates and σ, written into every square. */
export function heatmap(results: RobustnessResults, batchNorm: boolean, theme: Theme, size: Size): Panel {
  const cells = results.cells.filter((candidate) => candidate.batchNorm === batchNorm);
  const percent = ({ accuracy }: Cell) => 100 * accuracy;
  const place = { x: "learningRate", y: "sigma" } as const;
  const digits = (bold: boolean, dark: boolean) =>
    text(
      cells.filter(
        (candidate) => candidate.accuracy > TRAINED === bold && percent(candidate) >= DARK_DIGITS_FROM === dark,
      ),
      {
        ...place,
        // Rounded down, so that no square that missed the threshold shows it.
        text: (candidate: Cell) => Math.floor(percent(candidate)).toFixed(0),
        fill: dark ? "#16191d" : "#f5f6f7",
        fontWeight: bold ? 700 : 400,
      },
    );
  return draw(
    {
      ...size,
      marginLeft: 52,
      marginRight: 6,
      marginTop: 24,
      marginBottom: 42,
      padding: 0.04,
      x: { domain: results.learningRates, type: "band" },
      y: { domain: results.sigmas, type: "band", reverse: true },
      color: { type: "linear", scheme: "viridis", domain: [0, 100] },
      marks: [
        axisX({ ...named("Learning rate", theme), tickFormat: String }),
        axisY({ ...named("σ of the initial weights", theme), labelAnchor: "top", tickFormat: String }),
        cell(cells, { ...place, fill: percent }),
        digits(true, true),
        digits(false, true),
        digits(false, false),
      ],
    },
    theme,
    `Test accuracy in percent for every learning rate and σ, ${batchNorm ? "with" : "without"} batch normalization`,
  );
}
