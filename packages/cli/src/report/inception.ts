import type { InceptionResults, InceptionRun } from "../experiments/inception.ts";
import { INCEPTIONS, type Printed, REFERENCE } from "../experiments/inceptions.ts";
import { fastest, type Race, race, type Standing } from "../experiments/race.ts";
import { fixed, integer, list, percent } from "../words.ts";
import { raceChart } from "./charts/race.ts";
import { html, type Markup } from "./html.ts";
import { figure, page, table } from "./page.ts";
import { type Figure, sheet } from "./svg.ts";
import { FILE_THEME, PAGE_THEME } from "./theme.ts";

const PANEL = { width: 760, height: 400 };

/** Figure 2 as one SVG file. */
export function inceptionFigures(results: InceptionResults): Figure[] {
  const panel = { panel: raceChart(results, FILE_THEME, PANEL), x: 8, y: 34 };
  const caption = { text: `Inception networks on ${results.data.name}`, x: 16, y: 24, bold: true };
  const description = "Figure 2: test accuracy of Inception networks over training";
  return [{ name: "inception", svg: sheet(PANEL.width + 16, PANEL.height + 40, [panel], [caption], description) }];
}

function raceSentence(results: InceptionResults): string {
  const standing = race(results);
  const first = fastest(standing);
  const { accuracy, step } = standing.target;
  const best = `${percent(accuracy)}, the best test accuracy of Inception without batch norm`;
  if (!first?.steps) return `No other network reached ${best} within ${integer(results.steps)} steps.`;
  const reached = `${first.run.name} was the first to reach ${best}, after ${integer(first.steps)} steps`;
  return first.steps < step
    ? `${reached} instead of ${integer(step)}: ${ratioText(first)} times fewer.`
    : `${reached}, no sooner.`;
}

function endSentence(results: InceptionResults): string {
  const { standings } = race(results);
  const { run, final } = standings.reduce((top, standing) => (standing.final > top.final ? standing : top));
  return `After ${integer(results.steps)} steps ${run.name} was the most accurate, with ${percent(final)}.`;
}

function sigmoidSentence(results: InceptionResults): string {
  const sigmoids = race(results).standings.filter(({ run }) => run.activation === "sigmoid");
  const withBatchNorm = sigmoids.find(({ run }) => run.batchNorm);
  const without = sigmoids.find(({ run }) => !run.batchNorm);
  if (!withBatchNorm || !without) return "";
  return `With sigmoids in place of ReLU, ${percent(withBatchNorm.final)} with batch norm and ${percent(without.final)} without.`;
}

const ratioText = ({ ratio }: Standing) => fixed(ratio ?? Number.NaN, 1);

export function inceptionPage(results: InceptionResults): string {
  const standing = race(results);
  const body = html`
${figure(
  raceChart(results, PAGE_THEME, PANEL),
  html`<b>2.</b> Test accuracy over training. Dashed: without batch norm.`,
  "wide",
)}
${figure3(results, standing)}
${settings(results)}
${search(results)}
<h2>How it was measured</h2>
<ul>${notes(results).map(
    (note) => html`<li>${note}</li>
`,
  )}</ul>`;
  const lead = html`${raceSentence(results)} ${endSentence(results)} ${sigmoidSentence(results)}`;
  return page(results, "Figures 2 and 3: Inception, with and without batch norm", lead, body);
}

const printedOf = ({ name }: Pick<InceptionRun, "name">): Printed | undefined =>
  INCEPTIONS.find((model) => model.name === name)?.paper;

const never = (steps: number | null) => (steps === null ? "never" : integer(steps));

function printedText(printed: Printed | undefined): readonly [string, string, string] {
  if (!printed) return ["", "", ""];
  const { learningRate, steps, accuracy } = printed;
  return [
    learningRate === null ? "not given" : String(learningRate),
    steps === null ? "never" : `${fixed(steps / 1e6, 1)} M`,
    accuracy === null ? "guessing" : percent(accuracy, 1),
  ];
}

function figure3({ data }: InceptionResults, { target, standings }: Race): Markup {
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

function settings({ runs }: InceptionResults): Markup {
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

function search({ search: { trials, steps, chosen } }: InceptionResults): Markup {
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

/** What five times the learning rate did to Inception, if the search tried it. */
function fivefold({ search: { trials, chosen, steps } }: InceptionResults): string[] {
  const trial = trials.find(({ learningRate }) => Math.abs(learningRate - 5 * chosen) < 1e-9);
  const own = trials.find(({ learningRate }) => learningRate === chosen);
  if (!trial || !own) return [];
  const outcome =
    trial.divergedAt === null
      ? `it reached ${percent(trial.accuracy)} in the search’s ${integer(steps)} steps, against ${percent(own.accuracy)} at its own`
      : `its loss overflowed at step ${integer(trial.divergedAt)}`;
  return [`At five times its learning rate the paper’s Inception without batch norm diverged. Here, ${outcome}.`];
}

function notes(results: InceptionResults): string[] {
  const { runs, data, steps, stepsPerEpoch, batchSize, learnedImages, earlyImages, measuredImages } = results;
  const parameters = runs.map((run) => run.parameters);
  const parameterText = `${integer(Math.min(...parameters))} to ${integer(Math.max(...parameters))}`;
  const changes = INCEPTIONS.filter(({ rateFactor }) => rateFactor > 1).map(({ name }) => name);
  const fast = runs.find(({ name }) => changes.includes(name));
  const reference = runs.find(({ name }) => name === REFERENCE);
  return [
    `The paper trains networks of 13.6 million parameters on ImageNet. These have the same modules with a tenth of the channels, ${parameterText} parameters, and take images of ${data.side} × ${data.side} pixels: a 3×3 convolution and a max pooling come before the modules. Initial weights are He et al.’s for ReLU and Glorot’s for sigmoid, so that the networks without batch norm start well.`,
    `${integer(learnedImages)} training images, ${batchSize} a step; ${integer(steps)} steps, ${fixed(steps / stepsPerEpoch, 1)} passes over them. Images are moved by up to 4 pixels and mirrored at random, for all networks alike: the paper distorts images less for its networks with batch norm. Stochastic gradient descent with momentum 0.9.`,
    `Inception’s learning rate was searched, and that of the others follows from it by the paper’s factors. ${integer(results.heldOutImages)} training images that no network learned from chose it; the test images played no part.`,
    ...fivefold(results),
    `As in the paper, ${list(changes)} do without Dropout and with a fifth of the weight decay. The paper lets their learning rate fall 6 times faster, in runs that are several times shorter than Inception’s. Here all runs are equally long, and 6 times faster would leave a millionth of the learning rate at the end; it falls twice as fast: to ${percent(fast?.decay ?? 0, 0)} of itself instead of ${percent(reference?.decay ?? 0, 0)}. The paper’s networks have no local response normalization to remove here.`,
    `Test accuracy was measured with the moving averages of mean and variance: eight times in the first pass, before its end on ${integer(earlyImages)} test images, and from there every half pass on ${integer(measuredImages)}. So steps are known to a half pass, ${integer(stepsPerEpoch / 2)} steps.`,
    "One run each, with one seed: differences of less than a percentage point mean little.",
  ];
}

/** What the terminal says at the end. */
export function inceptionSummary(results: InceptionResults): string[] {
  const { standings } = race(results);
  const { search, data, steps } = results;
  const row = (cells: readonly string[]) => {
    const [name, ...numbers] = cells;
    return `  ${name.padEnd(18)}${numbers.map((cell) => cell.padStart(15)).join("")}`;
  };
  return [
    `Inception on ${data.name}, ${integer(steps)} steps; Inception's learning rate ${search.chosen}, the best of ${search.trials.length}`,
    "",
    row(["", "steps to reach", "best accuracy", "final", "paper: steps", "best"]),
    ...standings.map(({ run, steps: reached, best, final }) => {
      const [, paperSteps, paperAccuracy] = printedText(printedOf(run));
      return row([run.name, never(reached), percent(best.accuracy), percent(final), paperSteps, paperAccuracy]);
    }),
    "",
    `  ${raceSentence(results)}`,
    "",
  ];
}
