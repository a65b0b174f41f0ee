import { axisX, axisY, dot, gridX, link, text } from "@observablehq/plot";
import type { RegularizerResults, RegularizerRun } from "../../experiments/regularizer.ts";
import { percent } from "../../words.ts";
import { draw, type Panel } from "../svg.ts";
import type { Theme } from "../theme.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What figures and tables call a network. */
export function networkName({ batchNorm, dropout }: Pick<RegularizerRun, "batchNorm" | "dropout">): string {
  if (dropout > 0) return batchNorm ? "both" : "Dropout";
  return batchNorm ? "batch norm" : "neither";
}

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
      marginLeft: 88,
      marginRight: 24,
      marginTop: 28,
      marginBottom: 42,
      x: { domain: [0, 100] },
      y: { domain: own.map(networkName), type: "point", padding: 0.6 },
      marks: [
        gridX([0, 20, 40, 60, 80, 100], { stroke: theme.grid, strokeOpacity: 1 }),
        axisX([0, 20, 40, 60, 80, 100], {
          label: "Accuracy",
          labelArrow: "none",
          labelAnchor: "center",
          tickSize: 0,
          tickFormat: (value: number) => `${value}%`,
          color: theme.muted,
        }),
        axisY({ label: null, tickSize: 0, color: theme.ink }),
        link(own, { x1: test, x2: training, y1: networkName, y2: networkName, stroke: color, strokeWidth: 2 }),
        dot(own, { x: test, y: networkName, fill: color, r: 5 }),
        dot(own, { x: training, y: networkName, fill: theme.background, stroke: color, strokeWidth: 2, r: 4 }),
        text(own, { ...label, x: test, dy: -13, text: (run: RegularizerRun) => percent(run.testAccuracy, 0) }),
        text(own, { ...label, x: training, dy: 14, text: (run: RegularizerRun) => percent(run.trainingAccuracy, 0) }),
        text(["Full: test images; hollow: images learned from"], {
          frameAnchor: "top-left",
          textAnchor: "start",
          dx: -82,
          dy: -18,
          fill: theme.muted,
        }),
      ],
    },
    theme,
    `Accuracy on test images and on the ${images} images learned from, with and without batch normalization and Dropout`,
  );
}
