import { html } from "../../report/html.ts";
import { experimentPage, figure, table } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { fixed, integer, list, percent, plural } from "../../words.ts";
import { overfittingChart } from "./chart.ts";
import { PANEL, title } from "./figures.ts";
import { type Four, four, networkName, type RegularizerResults, type RegularizerRun } from "./results.ts";

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

/** The report. */
export function page(results: RegularizerResults): string {
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
  return experimentPage(results, "Does batch norm regularize?", html`${verdict(results)}`, body);
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

/** What the terminal says at the end. */
export function summary(results: RegularizerResults): string[] {
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
