import { html, type Markup } from "../../report/html.ts";
import { experimentPage, figure, table } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer, list, percent } from "../../words.ts";
import type { Accuracies } from "./estimates.ts";
import { PANEL, SMALL } from "./figures.ts";
import type { ShiftNetwork, ShiftResults } from "./results.ts";
import { samplesChart } from "./sampleschart.ts";
import { shiftChart } from "./shiftchart.ts";
import { amountText, legend, looks, rangeOf, samplesNote, title } from "./texts.ts";

/** The report. */
export function page(results: ShiftResults): string {
  const { networks, prior, classes } = results;
  const body = html`
<div class="columns">${networks.map(
    (network) => html`<section><h3>${title(network)}</h3>
${figure(shiftChart(network, PAGE_THEME, PANEL), html`${legend([network])}`)}</section>`,
  )}</div>
${networks.length < 2 ? WITHOUT_CIFAR : null}
<h2>How many images it takes</h2>
<p class="note">${samplesNote(prior)}</p>
${networks.map(
  (network) => html`<h3>${title(network)}</h3>
<div class="panels">${looks(network).map(({ name, accuracies }) => figure(samplesChart(accuracies, rangeOf(network), PAGE_THEME, SMALL), html`${name}`))}</div>
`,
)}
<h2>Where it goes wrong</h2>
<p>Running statistics say what goes into a batch norm over all classes. Images of some classes alone have others, shifted or not, and there is no label that would tell.</p>
${table(
  `Test accuracy over all classes, with statistics from images of all classes, and from those of them that are of the classes ${list(classes.map(String))}.`,
  "numbers",
  ["Data, shift", "Statistics of training", "All classes", `Classes ${list(classes.map(String))}`, "Images"],
  networks.flatMap((network) =>
    looks(network).map(({ name, accuracies: { before, layers, fewClasses = Number.NaN } }) => [
      `${network.data.name}, ${name}`,
      percent(before, 1),
      percent(layers, 1),
      percent(fewClasses, 1),
      integer(network.fewClassesImages),
    ]),
  ),
)}
<h2>Every shift</h2>
${networks.map((network) => everyShift(network, prior))}
<h2>How it was measured</h2>
<ul>${notes(results).map(
    (note) => html`<li>${note}</li>
`,
  )}</ul>`;
  return experimentPage(results, "New statistics for shifted images", html`${verdict(results)}`, body);
}

const WITHOUT_CIFAR = html`<p class="preview">CIFAR-10 was left out: it was not in the cache. Fetch it with <code>batchnorm data cifar10</code>; the same command then does what is missing.</p>`;

function everyShift({ data, clean, shifts, statisticsImages }: ShiftNetwork, prior: number): Markup {
  const row = (name: string, { before, layers, onePass, prior: mixed }: Accuracies) => [
    name,
    ...[before, layers, onePass, mixed].map((share) => percent(share, 1)),
  ];
  return table(
    `${data.name}: test accuracy, with new statistics from ${integer(statisticsImages)} images.`,
    "numbers",
    ["Shift", "Statistics of training", "Layer by layer", "In one pass", `${percent(prior, 0)} from training`],
    [row("none", clean), ...shifts.map((each) => row(`${each.shift.name} ${amountText(each.shift)}`, each))],
  );
}

function verdict(results: ShiftResults): string {
  return results.networks.map(sentence).join(" ");
}

function sentence({ data, statisticsImages, clean, shifts }: ShiftNetwork): string {
  const mean = (value: (accuracies: Accuracies) => number) =>
    percent(shifts.reduce((sum, each) => sum + value(each), 0) / shifts.length, 1);
  const before = mean((accuracies) => accuracies.before);
  const after = mean((accuracies) => accuracies.layers);
  const better = shifts.filter(({ before, layers }) => layers > before).length;
  return `On ${data.name} test accuracy was ${percent(clean.before, 1)} without a shift, and ${before} on average over ${shifts.length} shifts. With statistics from ${integer(statisticsImages)} shifted images, which need no labels, it was ${after}: higher for ${better} of the shifts. Without a shift the new statistics gave ${percent(clean.layers, 1)}.`;
}

const TRAINING: Record<ShiftNetwork["network"], string> = {
  mnist: "the paper’s network, three hidden layers of 100 sigmoids with batch norm, on binary images",
  resnet8:
    "a residual network of 8 layers, on images moved by up to 4 pixels and mirrored at random, in colours that have mean 0 and standard deviation 1 over the images learned from",
};

function notes({ networks, prior }: ShiftResults): string[] {
  return [
    ...networks.map(
      (network) =>
        `${network.data.name}: ${TRAINING[network.network]}; ${integer(network.steps)} steps of ${network.batchSize} of ${integer(network.trainImages)} images, stochastic gradient descent with Nesterov’s momentum ${network.momentum} and weight decay ${network.weightDecay}, a learning rate that rises to ${network.learningRate} and falls along a cosine. Statistics come from the first ${integer(network.statisticsImages)} test images, accuracy from the next ${integer(network.measuredImages)}.`,
    ),
    "Contrast: differences from the mean of image and colour times the factor. Brightness: grey levels, of 255, that are added to every pixel. Noise: Gaussian, σ in grey levels, another for every pixel and colour. Blur: by a Gaussian, σ in pixels. What leaves 0 to 255 is cut off there. MNIST’s binary images, 0 and 255, get grey levels by it; brightness changes all of them by the same linear map, which the first batch norm takes away again.",
    `Nothing is learned from the shifted images: weights, γ and β stay as they are. Layer by layer: each batch norm gets the mean and variance of all that goes into it after those before it have theirs. In one pass: of what goes into it while those before it normalize each batch by itself. ${percent(prior, 0)} from training: the mean of old and new mean and variance, layer by layer.`,
    "One network each, with one seed.",
  ];
}

/** What the terminal says at the end. */
export function summary(results: ShiftResults): string[] {
  const row = (name: string, { before, layers }: Accuracies) =>
    `    ${name.padEnd(16)} ${percent(before, 1).padStart(6)} to ${percent(layers, 1).padStart(6)}`;
  return [
    "Shift: test accuracy with statistics of training, and with new ones from shifted images without labels",
    "",
    ...results.networks.flatMap((network) => [
      `  ${title(network)}`,
      row("no shift", network.clean),
      ...network.shifts.map((each) => row(`${each.shift.name} ${amountText(each.shift)}`, each)),
      "",
    ]),
    `  ${verdict(results)}`,
    "",
  ];
}
