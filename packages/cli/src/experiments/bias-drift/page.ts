import { html, type Markup } from "../../report/html.ts";
import { experimentPage, figure, table } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer } from "../../words.ts";
import { driftChart, MEASURES, type Measure } from "./chart.ts";
import { PANEL, PARTS } from "./figures.ts";
import { type BiasDriftResults, curvesOf } from "./results.ts";
import type { DriftSpec } from "./spec.ts";

interface Ends {
  readonly biasNorm: string;
  readonly firstLoss: string;
  readonly lastLoss: string;
}

function ends(results: BiasDriftResults, learns: DriftSpec["learns"], statistics: DriftSpec["statistics"]): Ends {
  const points =
    results.curves.find((curve) => curve.learns === learns && curve.statistics === statistics)?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  const number = (value: number | null | undefined, digits: number) =>
    value === null || value === undefined ? "not finite" : value.toFixed(digits);
  return {
    biasNorm: number(last?.biasNorm, 1),
    firstLoss: number(first?.loss, 3),
    lastLoss: number(last?.loss, 3),
  };
}

/** The report. */
export function page(results: BiasDriftResults): string {
  const alone = ends(results, "the bias", "constants");
  const lead = html`When gradient descent takes the batch’s mean and variance for constants, a bias in front of the normalization grew to a norm of ${alone.biasNorm} in ${integer(results.steps)} steps while the loss stayed at ${alone.lastLoss}. When the statistics are part of the gradient, the bias stays where it was.`;
  const section = ({ learns, title }: (typeof PARTS)[number], captions: Record<Measure, Markup>) =>
    html`<h2>${title}</h2>
<div class="columns">${MEASURES.map((measure) => figure(driftChart(curvesOf(results, learns), measure, PAGE_THEME, PANEL), captions[measure]))}</div>`;
  const row = (learns: DriftSpec["learns"], statistics: DriftSpec["statistics"]) => {
    const end = ends(results, learns, statistics);
    return [`${learns}, ${statistics}`, end.biasNorm, end.firstLoss, end.lastLoss];
  };
  const body = html`
${section(PARTS[0], {
  biasNorm: html`Treated as a constant, the mean hides from the gradient that it contains the bias and takes it away again.`,
  loss: html`So the bias cannot change the output, and the loss does not move (both lines coincide).`,
})}
${section(PARTS[1], {
  biasNorm: html`The same two gradients while the weights learn as well, with every next batch of the training images.`,
  loss: html`Mean of every ${results.measureEvery} steps. Learning goes on with the wrong gradient too, but less well.`,
})}
<h2>Where they ended</h2>
${table(
  `Norm of the bias at the end; loss of the first step, and mean loss of the last ${results.measureEvery}.`,
  "numbers",
  ["Learns, statistics", "|b|", "First loss", "Last loss"],
  PARTS.flatMap(({ learns }) => [row(learns, "constants"), row(learns, "differentiated")]),
)}
<h2>How it was measured</h2>
<ul>
<li>One hidden layer: a linear map with a bias, batch norm without γ and β as in §2, ${results.units} sigmoids, then a linear map to 10 outputs and cross-entropy; gradient descent at learning rate ${results.learningRate}, ${results.batchSize} images a step. Where only the bias learns, every step sees the same images.</li>
<li>“Differentiated” is the library’s own backward pass of batch norm; “constants” is its backward pass for fixed statistics, given this very batch’s mean and variance: the forward pass is the same, only the terms of the gradient that go through the statistics are missing.</li>
<li>The paper makes this argument in §2 for a bias and a subtracted mean; this carries it out.</li>
</ul>`;
  return experimentPage(results, "Why the statistics must be part of the gradient", lead, body);
}

/** What the terminal says at the end. */
export function summary(results: BiasDriftResults): string[] {
  const line = (learns: DriftSpec["learns"], statistics: DriftSpec["statistics"]) => {
    const end = ends(results, learns, statistics);
    return `  ${`${learns} learns`.padEnd(17)} ${`statistics ${statistics}`.padEnd(25)}  |b| ${end.biasNorm.padStart(8)}   loss ${end.firstLoss} to ${end.lastLoss}`;
  };
  return [
    `Bias drift: ${integer(results.steps)} steps of gradient descent with a bias in front of batch norm`,
    "",
    ...PARTS.flatMap(({ learns }) => [line(learns, "constants"), line(learns, "differentiated")]),
    "",
  ];
}
