import { html } from "../../report/html.ts";
import { experimentPage, figure, table, WITH, WITHOUT } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer, percent } from "../../words.ts";
import { depthChart } from "./chart.ts";
import { PANEL } from "./figures.ts";
import { bestByDepth, type DepthResults, type DepthTrial, STOPPED, stopText } from "./results.ts";

/** The report. */
export function page(results: DepthResults): string {
  const sentences = results.sigmas.map(
    (sigma) =>
      html`With initial weights of σ ${sigma}, the network ${WITH} ${stopText(results, { batchNorm: true, sigma })}, the one ${WITHOUT} ${stopText(results, { batchNorm: false, sigma })}. `,
  );
  const families = results.sigmas.flatMap((sigma) => [true, false].map((batchNorm) => ({ batchNorm, sigma })));
  const columns = families.map((family) => bestByDepth(results, family));
  const cellText = (trial: DepthTrial | undefined) =>
    trial ? `${percent(trial.testAccuracy)} (${trial.learningRate})` : "";
  const body = html`
<div class="columns">${results.sigmas.map(
    (sigma) => html`<section><h3>Initial weights of σ ${sigma}</h3>
${figure(depthChart(results, sigma, PAGE_THEME, PANEL), html`Test accuracy after ${integer(results.steps)} steps at the best of ${results.learningRates.length} learning rates.`)}</section>`,
  )}</div>
<h2>Every depth</h2>
${table(
  "Test accuracy, and in brackets the chosen learning rate.",
  "numbers",
  ["Hidden layers", ...families.map(({ batchNorm, sigma }) => `σ ${sigma}, ${batchNorm ? "with" : "without"}`)],
  results.depths.map((layers, index) => [String(layers), ...columns.map((best) => cellText(best[index]))]),
)}
<h2>How it was measured</h2>
<ul>
<li>Hidden layers of ${results.width} sigmoids, ${results.batchSize} images a step, ${integer(results.steps)} steps of plain stochastic gradient descent, one seed.</li>
<li>Every network was trained at the learning rates ${results.learningRates.join(", ")} with initial weights of σ ${results.sigmas.join(" and ")}. The learning rate with the highest accuracy on the last training images, held out from training, was chosen; the figures show its accuracy on the test images.</li>
<li>The paper draws weights from “a small Gaussian”. A larger σ of 4/√${results.width} suits sigmoids, whose slope is at most ¼: signals then keep their size from layer to layer. It is the network without batch norm at its best; with batch norm either will do.</li>
<li>A network counts as trained when its test accuracy is at least ${percent(STOPPED, 0)}; guessing gives about 10%.</li>
<li>The paper’s counterpart is Inception with sigmoids (§4.2): it stayed at chance without batch norm and reached 69.8% with it.</li>
</ul>`;
  return experimentPage(results, "How deep can a network of sigmoids be?", html`${sentences}`, body);
}

/** What the terminal says at the end. */
export function summary(results: DepthResults): string[] {
  const part = (sigma: number) => {
    const [own, other] = [true, false].map((batchNorm) => bestByDepth(results, { batchNorm, sigma }));
    const cellText = (trial: DepthTrial | undefined, width: number) =>
      (trial ? percent(trial.testAccuracy) : "").padStart(width);
    return [
      `  σ ${sigma}: without batch norm it ${stopText(results, { batchNorm: false, sigma })}`,
      "    hidden layers   with batch norm   without",
      ...results.depths.map(
        (layers, index) =>
          `    ${String(layers).padStart(13)}   ${cellText(own?.[index], 15)}   ${cellText(other?.[index], 7)}`,
      ),
      "",
    ];
  };
  return [
    `Depth: networks of sigmoids on ${results.data.name}, ${integer(results.steps)} steps, each at the best of ${results.learningRates.length} learning rates`,
    "",
    ...results.sigmas.flatMap(part),
  ];
}
