import { html, type Markup } from "../../report/html.ts";
import { table } from "../../report/page.ts";
import { fixed, integer, percent } from "../../words.ts";
import { REFERENCE } from "./models.ts";
import type { Race } from "./race.ts";
import type { InceptionResults } from "./results.ts";
import { never, printedOf, printedText, ratioText } from "./texts.ts";

/** Figure 3, the paper's and this one. */
export function figure3({ data }: InceptionResults, { target, standings }: Race): Markup {
  const slowest = printedOf({ name: REFERENCE });
  return html`<h2>The paper and this reproduction</h2>
${table(
  `Figure 3. Steps: until the network was as good as Inception ever was, ${percent(target.accuracy)} on ${data.name} and ${printedText(slowest)[2]} on the paper’s ImageNet. Best and final: accuracy, here of test images.`,
  "numbers",
  [
    "Network",
    "Steps",
    "Times fewer",
    "Best accuracy",
    "Final accuracy",
    "Paper: steps",
    "Times fewer",
    "Best accuracy",
  ],
  standings.map((standing) => {
    const { run, steps, best, final } = standing;
    const printed = printedOf(run);
    const [, paperSteps, paperAccuracy] = printedText(printed);
    return [
      run.divergedAt === null ? run.name : `${run.name} (diverged at step ${integer(run.divergedAt)})`,
      never(steps),
      steps === null ? "–" : ratioText(standing),
      percent(best.accuracy),
      percent(final),
      paperSteps,
      printed?.steps && slowest?.steps ? fixed(slowest.steps / printed.steps, 1) : "–",
      paperAccuracy,
    ];
  }),
)}`;
}

/** What each network was trained with. */
export function settings({ runs }: InceptionResults): Markup {
  return html`<h2>The networks</h2>
${table(
  "Learning rate: at the first step. It falls exponentially to the given share of itself over the run.",
  "numbers",
  ["Network", "Units", "Dropout", "Learning rate", "In the paper", "Falls to", "Weight decay", "Parameters"],
  runs.map((run) => [
    run.name,
    run.activation === "relu" ? "ReLU" : "sigmoid",
    percent(run.dropout, 0),
    String(run.learningRate),
    printedText(printedOf(run))[0],
    percent(run.decay, 0),
    String(run.weightDecay),
    integer(run.parameters),
  ]),
)}`;
}

/** How Inception's learning rate was found. */
export function search({ search: { trials, steps, chosen } }: InceptionResults): Markup {
  return html`<h2>The search for Inception’s learning rate</h2>
${table(
  `Accuracy on held-out training images of Inception without batch norm after ${integer(steps)} steps. The best is bold, and is the rate that all others are multiples of.`,
  "numbers",
  ["Learning rate", "Accuracy"],
  trials.map(({ learningRate, accuracy, divergedAt }) => {
    const text = divergedAt === null ? percent(accuracy) : `diverged at step ${integer(divergedAt)}`;
    return [String(learningRate), learningRate === chosen ? html`<span class="chosen">${text}</span>` : text];
  }),
)}`;
}
