import type { Comparison } from "../experiments/comparison.ts";
import { type Movement, movement, verdict } from "../experiments/comparison.ts";
import type { Figure1Results } from "../experiments/figure1.ts";
import type { Setting } from "../experiments/network.ts";
import type { Trial } from "../experiments/search.ts";
import { fixed, integer, percent } from "../words.ts";
import { accuracyChart } from "./charts/accuracy.ts";
import { percentilesChart } from "./charts/percentiles.ts";
import { html, type Markup } from "./html.ts";
import { figure, page, table, WITH, WITHOUT } from "./page.ts";
import { type Figure, sheet } from "./svg.ts";
import { FILE_THEME, PAGE_THEME } from "./theme.ts";

const ACCURACY = { width: 400, height: 250 };
const PERCENTILES = { width: 400, height: 250 };
const settingText = ({ learningRate, sigma }: Setting) => `learning rate ${learningRate}, σ ${sigma}`;

function settingsText(comparison: Comparison): string {
  const { withBatchNorm, withoutBatchNorm } = comparison;
  const same = settingText(withBatchNorm) === settingText(withoutBatchNorm);
  return same
    ? settingText(withBatchNorm)
    : `with: ${settingText(withBatchNorm)} · without: ${settingText(withoutBatchNorm)}`;
}

/** Where the accuracy axes begin: low enough for the first steps, high enough to tell the ends apart. */
function accuracyFloor({ same, best }: Figure1Results): number {
  const ends = [same, best].map(verdict).flatMap(({ finalWith, finalWithout }) => [finalWith, finalWithout]);
  return [0.8, 0.6, 0.4].find((floor) => Math.min(...ends) > floor + 0.05) ?? 0;
}

/** Figure 1 as SVG files: both comparisons on one sheet, and each on its own. */
export function figure1Figures(results: Figure1Results): Figure[] {
  const floor = accuracyFloor(results);
  const both = [
    { title: "The same settings for both", comparison: results.same },
    { title: "Each network at its best settings", comparison: results.best },
  ];
  return [
    { name: "figure1", svg: comparisonSheet(both, floor) },
    { name: "figure1-same", svg: comparisonSheet(both.slice(0, 1), floor) },
    { name: "figure1-best", svg: comparisonSheet(both.slice(1), floor) },
  ];
}

function comparisonSheet(columns: readonly { title: string; comparison: Comparison }[], floor: number): string {
  const gap = 24;
  const x = (column: number) => 8 + column * (ACCURACY.width + gap);
  const panels = columns.flatMap(({ comparison }, column) => [
    {
      panel: accuracyChart(comparison, floor, FILE_THEME, ACCURACY),
      x: x(column),
      y: 52,
    },
    {
      panel: percentilesChart(comparison, FILE_THEME, PERCENTILES),
      x: x(column),
      y: 52 + ACCURACY.height + 8,
    },
  ]);
  const captions = columns.flatMap(({ title, comparison }, column) => [
    { text: title, x: x(column) + 8, y: 24, bold: true },
    { text: settingsText(comparison), x: x(column) + 8, y: 42 },
  ]);
  const width = x(columns.length) - gap + 8;
  const height = 52 + ACCURACY.height + 8 + PERCENTILES.height + 6;
  return sheet(width, height, panels, captions, "Figure 1: test accuracy and the input of a sigmoid over training");
}

/** The report. */
export function figure1Page(results: Figure1Results): string {
  const floor = accuracyFloor(results);
  const same = verdict(results.same);
  const lead =
    same.ratio === null
      ? html`At the same settings the network ${WITH} batch norm did not reach the best test accuracy of the network ${WITHOUT}, ${percent(same.bestWithout.accuracy)}, within ${integer(results.steps)} steps.`
      : html`At the same settings the network ${WITH} reached ${percent(same.bestWithout.accuracy)}, the best test accuracy of the network ${WITHOUT} it, after ${integer(same.stepsWith ?? 0)} steps instead of ${integer(same.bestWithout.step)}: ${same.ratio.toFixed(1)} times fewer. ${bestSentence(results.best)}`;
  const body = html`
<div class="columns">
${column("The same settings for both, as in the paper", results.same, floor)}
${column("Each network at its best settings", results.best, floor)}
</div>
${claims(results)}
<h2>How it was measured</h2>
<ul>
<li>The paper’s network (§4.1): binary images of 28 × 28, ${results.hidden.length} hidden layers of ${results.hidden[0] ?? 0} sigmoids, 10 outputs, cross-entropy, ${results.batchSize} images a step, ${integer(results.steps)} steps of plain stochastic gradient descent at a constant learning rate, weights drawn from a Gaussian with standard deviation σ. With batch norm, it stands between each linear map and its sigmoids, and the linear map has no bias.</li>
<li>The paper gives neither learning rate nor σ. ${choiceText(results)}</li>
<li>Test accuracy was measured on all test images with the moving averages of mean and variance: every 50 steps up to 500, every 100 up to 5,000, every 500 from there.</li>
<li>Figures 1b and 1c show sigmoid number ${results.watchedUnit} (counted from 0) of the last hidden layer, over all test images. It was named before looking at any.</li>
<li>One run each. The range over the last fifth of a run shows how much a single accuracy can be trusted; smaller differences mean nothing.</li>
</ul>
${searchSection(results)}`;
  return page(results, "Figure 1: a network of sigmoids, with and without batch norm", lead, body);
}

function column(title: string, comparison: Comparison, floor: number): Markup {
  return html`<section>
<h3>${title}</h3>
<p class="note">${settingsText(comparison)}</p>
${figure(accuracyChart(comparison, floor, PAGE_THEME, ACCURACY), html`<b>1a.</b> Test accuracy over training; below ${percent(floor, 0)} is not shown.`)}
${figure(percentilesChart(comparison, PAGE_THEME, PERCENTILES), html`<b>1b, 1c.</b> The {15, 50, 85}th percentiles of the input of one sigmoid of the last hidden layer.`)}
</section>`;
}

/** Within this of each other two networks are called close. */
const CLOSE = 0.01;

function bestSentence(comparison: Comparison): string {
  const { finalWith, finalWithout } = verdict(comparison);
  const close = Math.abs(finalWith - finalWithout) <= CLOSE;
  return `With each at its own best settings they end at ${percent(finalWith)} and ${percent(finalWithout)}${close ? ": a well-tuned network without batch norm comes close" : ""}.`;
}

function claims(results: Figure1Results): Markup {
  const [same, best] = [results.same, results.best].map(verdict);
  if (!same || !best) return html``;
  const reach = (steps: number | null, target: number) =>
    steps === null ? `never (${percent(target)})` : `after ${integer(steps)} (${percent(target)})`;
  const cells = (text: (v: typeof same) => string) => [text(same), text(best)];
  const range = ([low, high]: readonly [number, number]) => `${(100 * low).toFixed(1)}–${percent(high, 1)}`;
  return html`<h2>The paper and this reproduction</h2>
${table(
  "Accuracies are on the test images. “Best” is the highest accuracy measured during a run.",
  "text",
  ["", "Paper (§4.1)", "Here, same settings", "Here, each at its best"],
  [
    [
      "Final accuracy with / without",
      "higher with batch norm; no numbers printed",
      ...cells((v) => `${percent(v.finalWith)} / ${percent(v.finalWithout)}`),
    ],
    ["Range over the last fifth", "not given", ...cells((v) => `${range(v.lateWith)} / ${range(v.lateWithout)}`)],
    [
      "Best accuracy with / without",
      "not given",
      ...cells((v) => `${percent(v.bestWith.accuracy)} / ${percent(v.bestWithout.accuracy)}`),
    ],
    [
      "Steps with batch norm to the other’s best",
      "fewer; no numbers printed",
      ...cells((v) => reach(v.stepsWith, v.bestWithout.accuracy)),
    ],
    ["Steps without to its own best", "not given", ...cells((v) => integer(v.bestWithout.step))],
    [
      "Ratio of these steps",
      "none for MNIST (14 on ImageNet)",
      ...cells((v) => (v.ratio === null ? "none" : v.ratio.toFixed(1))),
    ],
    ["Steps without to the other’s best", "not given", ...cells((v) => reach(v.stepsWithout, v.bestWith.accuracy))],
    [
      "Median input of the sigmoid",
      "much more stable with batch norm",
      ...[results.same, results.best].map((comparison) => movementText(comparison, "median", "to")),
    ],
    [
      "Its spread, first and last (85th − 15th)",
      "much more stable with batch norm",
      ...[results.same, results.best].map((comparison) => movementText(comparison, "spread", "→")),
    ],
  ],
)}`;
}

function movementText(comparison: Comparison, what: keyof Movement, join: string): string {
  const text = (moved: Movement | null) =>
    moved ? `${fixed(moved[what][0], 1)} ${join} ${fixed(moved[what][1], 1)}` : "not finite";
  return `with ${text(movement(comparison.withBatchNorm))}, without ${text(movement(comparison.withoutBatchNorm))}`;
}

function choiceText({ choice }: Figure1Results): string {
  const { search, same } = choice;
  return `The left comparison uses ${settingText(same)} for both: round values at which the network without batch norm learns well within 50,000 steps, but visibly later, as in the paper’s figure. They are not its best, as the right comparison shows. For that one each network was trained at every pair of the learning rates ${search.learningRates.join(", ")} and σ ${search.sigmas.join(", ")} for ${integer(search.steps)} steps, and at its best ${search.finalists} pairs for ${integer(search.finalSteps)}, on ${search.data} without its last training images, which measured the accuracy; the test images played no part. The search was the same for both networks.`;
}

function searchSection({ choice }: Figure1Results): Markup {
  const { search, best } = choice;
  const section = (title: string, batchNorm: boolean, chosen: Setting) => {
    const find = (trials: readonly Trial[], { learningRate, sigma }: Setting) =>
      trials.find((t) => t.batchNorm === batchNorm && t.sigma === sigma && t.learningRate === learningRate);
    const cellText = (sigma: number, learningRate: number) => {
      const trial = find(search.trials, { sigma, learningRate });
      const text = trial ? percent(trial.accuracy) : "";
      return find(search.finals, { sigma, learningRate }) ? html`<span class="chosen">${text}</span>` : text;
    };
    const finalRow = (trial: Trial) => {
      const text = percent(trial.accuracy);
      const isChosen = settingText(trial) === settingText(chosen);
      return [settingText(trial), isChosen ? html`<span class="chosen">${text}</span>` : text];
    };
    return html`<section><h3>${title}</h3>
${table(
  `First round, ${integer(search.steps)} steps: accuracy for every σ (rows) and learning rate (columns).`,
  "numbers",
  ["σ", ...search.learningRates.map(String)],
  search.sigmas.map((sigma) => [String(sigma), ...search.learningRates.map((rate) => cellText(sigma, rate))]),
)}
${table(
  `Second round, ${integer(search.finalSteps)} steps.`,
  "numbers",
  ["Setting", "Accuracy"],
  search.finals.filter((trial) => trial.batchNorm === batchNorm).map(finalRow),
)}</section>`;
  };
  return html`<h2>The search for the best settings</h2>
<p class="note">Accuracy on held-out training images, mean of five measurements over the last fifth of each run. What went on to the second round, and what was chosen there, is bold.</p>
<div class="columns">${section("With batch norm", true, best.withBatchNorm)}${section("Without batch norm", false, best.withoutBatchNorm)}</div>`;
}

/** What the terminal says at the end. */
export function figure1Summary(results: Figure1Results): string[] {
  const part = (title: string, comparison: Comparison) => {
    const v = verdict(comparison);
    const race =
      v.ratio === null
        ? `With batch norm the other's best, ${percent(v.bestWithout.accuracy)}, was not reached.`
        : `${percent(v.bestWithout.accuracy)}, the best without, took ${integer(v.stepsWith ?? 0)} steps with batch norm and ${integer(v.bestWithout.step)} without: ${v.ratio.toFixed(1)} times as many.`;
    return [
      `${title} (${settingsText(comparison)})`,
      `  final test accuracy   with batch norm ${percent(v.finalWith)}   without ${percent(v.finalWithout)}`,
      `  ${race}`,
      "",
    ];
  };
  return [
    `Figure 1: the paper's network on ${results.data.name}, ${integer(results.steps)} steps`,
    "",
    ...part("The same settings for both", results.same),
    ...part("Each at its best", results.best),
  ];
}
