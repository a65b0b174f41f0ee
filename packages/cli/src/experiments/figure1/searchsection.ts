import type { Setting } from "../../networks/sigmoids/settings.ts";
import { html, type Markup } from "../../report/html.ts";
import { table } from "../../report/page.ts";
import { integer, percent } from "../../words.ts";
import type { Figure1Results } from "./results.ts";
import type { Trial } from "./search.ts";
import { settingText } from "./texts.ts";

/** How the settings were chosen, in sentences. */
export function choiceText({ choice }: Figure1Results): string {
  const { search, same } = choice;
  return `The left comparison uses ${settingText(same)} for both: round values at which the network without batch norm learns well within 50,000 steps, but visibly later, as in the paper’s figure. They are not its best, as the right comparison shows. For that one each network was trained at every pair of the learning rates ${search.learningRates.join(", ")} and σ ${search.sigmas.join(", ")} for ${integer(search.steps)} steps, and at its best ${search.finalists} pairs for ${integer(search.finalSteps)}, on ${search.data} without its last training images, which measured the accuracy; the test images played no part. The search was the same for both networks.`;
}

/** What the search tried, and what it chose. */
export function searchSection({ choice }: Figure1Results): Markup {
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
