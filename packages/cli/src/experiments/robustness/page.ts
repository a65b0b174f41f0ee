import { html } from "../../report/html.ts";
import { experimentPage, figure, table, WITH, WITHOUT } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer, percent } from "../../words.ts";
import { heatmap } from "./chart.ts";
import { PANEL } from "./figures.ts";
import { counts, type RobustnessResults, TRAINED, trainedShare } from "./results.ts";

/** The report. */
export function page(results: RobustnessResults): string {
  const lead = html`Of ${results.cells.length / 2} pairs of learning rate and σ, ${percent(trainedShare(results, true), 0)} train the network ${WITH} above ${percent(TRAINED, 0)} test accuracy within ${integer(results.steps)} steps, and ${percent(trainedShare(results, false), 0)} train the one ${WITHOUT}.`;
  const map = (batchNorm: boolean) =>
    html`<section><h3>${batchNorm ? "With batch norm" : "Without batch norm"}</h3>
<p class="note">${counts(results, batchNorm)}</p>
${figure(heatmap(results, batchNorm, PAGE_THEME, PANEL), html`Test accuracy in % after ${integer(results.steps)} steps; bold above ${percent(TRAINED, 0)}.`)}</section>`;
  const diverged = (batchNorm: boolean) =>
    String(results.cells.filter((cell) => cell.batchNorm === batchNorm && cell.divergedAt !== null).length);
  const best = (batchNorm: boolean) =>
    percent(Math.max(...results.cells.filter((cell) => cell.batchNorm === batchNorm).map((cell) => cell.accuracy)));
  const body = html`
<div class="columns">${map(false)}${map(true)}</div>
<h2>The paper and this reproduction</h2>
${table(
  "The paper makes its claims for ImageNet networks; this is the same question asked of its MNIST network.",
  "text",
  ["", "Paper", "Here, with batch norm", "Here, without"],
  [
    [
      "Settings that train",
      "batch norm allows higher learning rates and less care with initial weights",
      percent(trainedShare(results, true), 0),
      percent(trainedShare(results, false), 0),
    ],
    ["Best accuracy of the grid", "not given", best(true), best(false)],
    [
      "Runs whose loss overflowed",
      "Inception without batch norm did at 5 times its learning rate",
      diverged(true),
      diverged(false),
    ],
  ],
)}
<h2>How it was measured</h2>
<ul>
<li>The network of Figure 1 (${results.hidden.join(", ")} sigmoids), ${results.batchSize} images a step, plain stochastic gradient descent at a constant learning rate, ${integer(results.steps)} steps for every square, one seed.</li>
<li>σ is the standard deviation of the Gaussian that all weight matrices are drawn from.</li>
<li>Runs are short on purpose: some squares without batch norm would train if given many more steps. The figure shows how much care the settings need, not what is possible at the best of them; Figure 1 shows that.</li>
</ul>`;
  return experimentPage(results, "How much care do learning rate and initial weights need?", lead, body);
}

/** What the terminal says at the end. */
export function summary(results: RobustnessResults): string[] {
  return [
    `Robustness: ${results.cells.length / 2} settings of learning rate and σ, ${integer(results.steps)} steps each, on ${results.data.name}`,
    "",
    `  with batch norm   ${counts(results, true)}`,
    `  without           ${counts(results, false)}`,
    "",
  ];
}
