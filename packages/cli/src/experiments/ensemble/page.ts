import { html } from "../../report/html.ts";
import { experimentPage, figure, table } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { fixed, integer, percent, plural } from "../../words.ts";
import { votesChart } from "./chart.ts";
import { PANEL } from "./figures.ts";
import type { EnsembleResults } from "./results.ts";
import type { Vote } from "./votes.ts";

/** One network on average, and all of them together. */
function ends({ votes }: EnsembleResults): { one: Vote; all: Vote } | null {
  const [one] = votes;
  const all = votes.at(-1);
  return one && all ? { one, all } : null;
}

function verdict(results: EnsembleResults): string {
  const found = ends(results);
  if (!found) return "All networks diverged: there is nothing to average.";
  const { one, all } = found;
  const points = fixed(100 * (all.mean - one.mean), 1);
  const best = 100 * (all.mean - one.highest);
  const against = best > 0 ? `${fixed(best, 1)} more than the best of them` : "no more than the best of them";
  return `${plural(all.networks, "network")} averaged had a test accuracy of ${percent(all.mean)}, ${points} points more than one of them on average (${percent(one.mean)}) and ${against} (${percent(one.highest)}).`;
}

/** The report. */
export function page(results: EnsembleResults): string {
  const { members, votes } = results;
  const chart = votes.length
    ? figure(
        votesChart(results, PAGE_THEME, PANEL),
        html`Class probabilities of so many networks are averaged; the class with the highest mean is taken. Every choice of the networks was tried.`,
        "wide",
      )
    : null;
  const found = ends(results);
  const body = html`${chart}
<h2>The paper and this reproduction</h2>
${table(
  "Errors: of images whose class was not the first, or among the first five; here there are ten classes, and only the first counts.",
  "text",
  ["", "Paper, ImageNet (§4.2.3)", `Here, ${results.data.name}`],
  [
    [
      "One network",
      "25.2% first, 7.82% first five (one crop)",
      found ? `${percent(1 - found.one.mean)} on average` : "–",
    ],
    [
      "Six networks",
      "4.9% first five (many crops)",
      found ? `${percent(1 - found.all.mean)} (${plural(found.all.networks, "network")})` : "–",
    ],
  ],
)}
<h2>Each network</h2>
${table(
  "Test accuracy after the last step.",
  "numbers",
  ["Network", "Seed", "Dropout", "Test accuracy"],
  members.map(({ seed, dropout, accuracy, divergedAt }, index) => [
    String(index + 1),
    String(seed),
    percent(dropout, 0),
    divergedAt === null ? percent(accuracy) : `diverged at step ${integer(divergedAt)}`,
  ]),
)}
<h2>Together</h2>
${table(
  "Test accuracy of averages over every choice of so many networks.",
  "numbers",
  ["Networks", "Choices", "Mean", "Lowest", "Highest"],
  votes.map(({ networks, choices, mean, lowest, highest }) => [
    String(networks),
    String(choices),
    percent(mean),
    percent(lowest),
    percent(highest),
  ]),
)}
<h2>How it was measured</h2>
<ul>${notes(results).map(
    (note) => html`<li>${note}</li>
`,
  )}</ul>`;
  return experimentPage(results, "An ensemble of batch-normalized networks", html`${verdict(results)}`, body);
}

function notes(results: EnsembleResults): string[] {
  const { steps, stepsPerEpoch, batchSize, learnedImages, learningRate, decay, weightDecay, gain } = results;
  const dropouts = [...new Set(results.members.map(({ dropout }) => percent(dropout, 0)))].join(" or ");
  return [
    `Each is the Inception network of Figures 2 and 3 here, with batch norm and ReLU, ${integer(results.parameters)} parameters; they differ in their seeds and in Dropout of ${dropouts}. As in the paper, initial weights are larger than usual, ${gain} times; before a batch norm that changes nothing in the first step, but makes a step of the same learning rate smaller in proportion.`,
    `${integer(learnedImages)} training images, moved by up to 4 pixels and mirrored at random, ${batchSize} a step, ${integer(steps)} steps (${fixed(steps / stepsPerEpoch, 1)} passes). Stochastic gradient descent with momentum 0.9 and weight decay ${weightDecay}; the learning rate falls exponentially from ${learningRate} to ${percent(decay, 0)} of that. All networks have the same rate, which was not searched.`,
    `Measured on ${integer(results.measuredImages)} test images, each as it is: the paper averages over many crops of an image as well. Its networks also have batch norm of every unit in the last hidden layers; here the last layer is the only one that is not a convolution.`,
  ];
}

/** What the terminal says at the end. */
export function summary(results: EnsembleResults): string[] {
  const { members, votes, data, steps } = results;
  const accuracy = ({ accuracy, divergedAt }: (typeof members)[number]) =>
    divergedAt === null ? percent(accuracy) : "diverged";
  return [
    `Ensemble: Inception networks with batch norm on ${data.name}, ${integer(steps)} steps each`,
    "",
    ...members.map(
      (member, index) =>
        `  network ${index + 1}, Dropout ${percent(member.dropout, 0).padStart(3)}   ${accuracy(member)}`,
    ),
    "",
    ...votes.map(({ networks, mean, lowest, highest }) => {
      const range = lowest < highest ? `   (${percent(lowest)} to ${percent(highest)})` : "";
      return `  ${plural(networks, "network").padEnd(10)}   ${percent(mean)}${range}`;
    }),
    "",
    `  ${verdict(results)}`,
    "",
  ];
}
