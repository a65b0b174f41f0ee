import { html, type Markup } from "../../report/html.ts";
import { experimentPage, figure, WITH, WITHOUT } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer, percent } from "../../words.ts";
import { accuracyChart } from "./accuracychart.ts";
import { claims } from "./claims.ts";
import { type Comparison, verdict } from "./comparison.ts";
import { ACCURACY, accuracyFloor, PERCENTILES } from "./figures.ts";
import { percentilesChart } from "./percentileschart.ts";
import type { Figure1Results } from "./results.ts";
import { choiceText, searchSection } from "./searchsection.ts";
import { settingsText } from "./texts.ts";

/** The report. */
export function page(results: Figure1Results): string {
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
  return experimentPage(results, "Figure 1: a network of sigmoids, with and without batch norm", lead, body);
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

/** What the terminal says at the end. */
export function summary(results: Figure1Results): string[] {
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
