import { axisX, axisY, dot, gridX, link, text } from "@observablehq/plot";
import { grid, heading, IN_PERCENT, named, quiet } from "../../report/axes.ts";
import { draw, type Panel, type Size } from "../../report/svg.ts";
import type { Theme } from "../../report/theme.ts";
import { percent } from "../../words.ts";
import { networkName, type RegularizerResults, type RegularizerRun } from "./results.ts";

const MARGIN_LEFT = 88;
const TICKS = [0, 20, 40, 60, 80, 100];

/** Accuracy on the images learned from and on the test images, of each network, for one number of training images. */
export function overfittingChart({ runs }: RegularizerResults, images: number, theme: Theme, size: Size): Panel {
  const own = runs.filter((run) => run.images === images);
  const color = ({ batchNorm }: RegularizerRun) => (batchNorm ? theme.withBatchNorm : theme.withoutBatchNorm);
  const training = (run: RegularizerRun) => 100 * run.trainingAccuracy;
  const test = (run: RegularizerRun) => 100 * run.testAccuracy;
  const label = { fill: color, fontSize: 11, y: networkName } as const;
  return draw(
    {
      ...size,
      marginLeft: MARGIN_LEFT,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 42,
      x: { domain: [0, 100] },
      y: { domain: own.map(networkName), type: "point", padding: 0.6 },
      marks: [
        gridX(TICKS, grid(theme)),
        axisX(TICKS, { ...named("Accuracy", theme), ...IN_PERCENT }),
        axisY({ ...quiet(theme), color: theme.ink }),
        link(own, { x1: test, x2: training, y1: networkName, y2: networkName, stroke: color, strokeWidth: 2 }),
        dot(own, { x: test, y: networkName, fill: color, r: 5 }),
        dot(own, { x: training, y: networkName, fill: theme.background, stroke: color, strokeWidth: 2, r: 4 }),
        text(own, { ...label, x: test, dy: -13, text: (run: RegularizerRun) => percent(run.testAccuracy, 0) }),
        text(own, { ...label, x: training, dy: 14, text: (run: RegularizerRun) => percent(run.trainingAccuracy, 0) }),
        heading("Full: test images; hollow: images learned from", MARGIN_LEFT, { fill: theme.muted }),
      ],
    },
    theme,
    `Accuracy on test images and on the ${images} images learned from, with and without batch normalization and Dropout`,
  );
}
