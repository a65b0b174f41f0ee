import type { RegularizerResults, RegularizerRun } from "../experiments/regularizer.ts";
import { fixed, integer, list, percent, plural } from "../words.ts";
import { networkName, overfittingChart } from "./charts/overfitting.ts";
import { html } from "./html.ts";
import { figure, page, table } from "./page.ts";
import { type Figure, sheet } from "./svg.ts";
import { FILE_THEME, PAGE_THEME } from "./theme.ts";

const PANEL = { width: 400, height: 250 };
const GAP = 24;

/** A chart for each number of training images, side by side, as one SVG file. */
export function regularizerFigures(results: RegularizerResults): Figure[] {
  const x = (column: number) => 8 + column * (PANEL.width + GAP);
  const panels = results.sizes.map((images, column) => ({
    panel: overfittingChart(results, images, FILE_THEME, PANEL),
    x: x(column),
    y: 34,
  }));
  const captions = results.sizes.map((images, column) => ({
    text: title(images),
    x: x(column) + 8,
    y: 24,
    bold: true,
  }));
  const description = "Accuracy on test images and on images learned from";
  const svg = sheet(x(results.sizes.length) - GAP + 8, PANEL.height + 40, panels, captions, description);
  return [{ name: "regularizer", svg }];
}

const title = (images: number) => `${integer(images)} training images`;

type Four = Record<"plain" | "dropout" | "batchNorm" | "both", RegularizerRun>;

/** The four networks of a number of training images. */
function four({ runs }: RegularizerResults, images: number): Four {
  const find = (batchNorm: boolean, dropped: boolean) => {
    const run = runs.find((r) => r.images === images && r.batchNorm === batchNorm && r.dropout > 0 === dropped);
    if (!run) throw new Error(`expected four networks for ${images} images`);
    return run;
  };
  return {
    plain: find(false, false),
    dropout: find(false, true),
    batchNorm: find(true, false),
    both: find(true, true),
  };
}

const gap = (run: RegularizerRun) => run.trainingAccuracy - run.testAccuracy;
/** A difference of shares in percentage points, with its sign. */
const points = (share: number) => `${share >= 0 ? "+" : ""}${fixed(100 * share, 1)}`;

/** Differences in test accuracy of less than this are none: one run each. */
const SAME = 0.01;

function dropoutText(difference: number): string {
  if (Math.abs(difference) < SAME) return "made no difference";
  return difference > 0 ? "still helped" : "did harm";
}

function sentence(results: RegularizerResults, images: number): string {
  const { plain, dropout, batchNorm, both } = four(results, images);
  const effect = both.testAccuracy - batchNorm.testAccuracy;
  return `Batch norm alone reached a test accuracy of ${percent(batchNorm.testAccuracy, 1)}, Dropout alone ${percent(dropout.testAccuracy, 1)}, neither ${percent(plain.testAccuracy, 1)}; on top of batch norm, Dropout ${dropoutText(effect)} (${points(effect)} points).`;
}

export function regularizerPage(results: RegularizerResults): string {
  const { sizes, runs } = results;
  const body = html`
<div class="columns">${sizes.map(
    (images) => html`<section><h3>${title(images)}</h3>
${figure(overfittingChart(results, images, PAGE_THEME, PANEL), html`${sentence(results, images)}`)}</section>`,
  )}</div>
<h2>Batch norm and Dropout</h2>
${table(
  "Differences in percentage points. “Gap”: accuracy on the images learned from less that on test images.",
  "numbers",
  [
    "Training images",
    "Batch norm’s effect on test",
    "on the gap",
    "Dropout’s, without batch norm",
    "Dropout’s, with it",
  ],
  sizes.map((images) => {
    const { plain, dropout, batchNorm, both } = four(results, images);
    return [
      integer(images),
      points(batchNorm.testAccuracy - plain.testAccuracy),
      points(gap(batchNorm) - gap(plain)),
      points(dropout.testAccuracy - plain.testAccuracy),
      points(both.testAccuracy - batchNorm.testAccuracy),
    ];
  }),
)}
<h2>Every network</h2>
${table(
  "At the end of training.",
  "numbers",
  ["Training images, network", "Learning rate", "Training accuracy", "Test accuracy", "Gap"],
  runs.map((run) => [
    `${integer(run.images)}, ${networkName(run)}`,
    String(run.learningRate),
    run.divergedAt === null ? percent(run.trainingAccuracy) : `diverged at step ${integer(run.divergedAt)}`,
    percent(run.testAccuracy),
    points(gap(run)),
  ]),
)}
<h2>How it was measured</h2>
<ul>${notes(results).map(
    (note) => html`<li>${note}</li>
`,
  )}</ul>`;
  return page(results, "Does batch norm regularize?", html`${verdict(results)}`, body);
}

/** Batch norm against Dropout, and what Dropout adds to it, at all numbers of images. */
function verdict(results: RegularizerResults): string {
  const all = results.sizes.map((images) => four(results, images));
  const better = all.filter(({ batchNorm, dropout }) => batchNorm.testAccuracy > dropout.testAccuracy).length;
  const effects = (of: (networks: Four) => number) => {
    const values = all.map(of);
    const [low, high] = [points(Math.min(...values)), points(Math.max(...values))];
    return low === high ? low : `${low} to ${high}`;
  };
  const without = effects(({ dropout, plain }) => dropout.testAccuracy - plain.testAccuracy);
  const onTop = effects(({ both, batchNorm }) => both.testAccuracy - batchNorm.testAccuracy);
  return `With ${list(results.sizes.map(integer))} training images, learned for ${integer(results.steps)} steps, batch norm alone was more accurate on test images than Dropout alone in ${better} of ${plural(all.length, "case")}. Dropout changed test accuracy by ${without} points without batch norm, and by ${onTop} points with it.`;
}

function notes(results: RegularizerResults): string[] {
  const { steps, batchSize, decay, weightDecay, runs, sizes } = results;
  const passes = sizes.map((images) => integer((steps * batchSize) / images)).join(", ");
  const dropout = percent(Math.max(...runs.map((run) => run.dropout)), 0);
  const rate = (batchNorm: boolean) => runs.find((run) => run.batchNorm === batchNorm)?.learningRate ?? "–";
  return [
    "The paper (§3.4) finds that a training example is seen together with others of its batch, so that the network no longer gives one value for it, and that Dropout can be removed or made weaker. Its networks with batch norm do without Dropout (§4.2.1); it prints no comparison like this one.",
    `The Inception network of Figures 2 and 3 here, on the first ${sizes.map(integer).join(", ")} training images, which are not moved or mirrored: the point is to learn them by heart. ${integer(steps)} steps of ${batchSize} images for all (${passes} passes), stochastic gradient descent with momentum 0.9 and weight decay ${weightDecay}. Dropout is of ${dropout} of the last features.`,
    `The learning rate falls exponentially to ${percent(decay, 0)} of itself, from ${rate(true)} with batch norm and ${rate(false)} without. So batch norm’s effect is that of the higher learning rate as well; neither rate was searched for these numbers of images.`,
    `Accuracy was measured on ${integer(results.measuredImages)} test images, and on at most as many of those learned from, without Dropout and with the moving averages of mean and variance.`,
    "One run each, with one seed.",
  ];
}

export function regularizerSummary(results: RegularizerResults): string[] {
  const row = (run: RegularizerRun) =>
    `    ${networkName(run).padEnd(10)} training ${percent(run.trainingAccuracy).padStart(7)}   test ${percent(run.testAccuracy).padStart(7)}`;
  return [
    `Regularizer: Inception networks on few images of ${results.data.name}, ${integer(results.steps)} steps each`,
    "",
    ...results.sizes.flatMap((images) => [
      `  ${title(images)}`,
      ...results.runs.filter((run) => run.images === images).map(row),
      "",
    ]),
    `  ${verdict(results)}`,
    "",
  ];
}
