import { html, type Markup } from "../report/html.ts";
import { figure, reportPage, table } from "../report/page.ts";
import { PAGE_THEME } from "../report/theme.ts";
import { duration, fixed, integer, percent, plural } from "../words.ts";
import { panels, subject } from "./figures.ts";
import { bestEpoch, imagesPerSecond, type TrainingResults } from "./results.ts";

function verdict(results: TrainingResults): string {
  const { settings, epochs, divergedAt } = results;
  const last = epochs.at(-1);
  const best = bestEpoch(results);
  if (divergedAt !== null) {
    const epoch = `step ${integer(divergedAt)}, in epoch ${epochs.length + 1} of ${settings.epochs}`;
    const before = last
      ? ` The epoch before ended at a test accuracy of ${percent(last.testAccuracy)}.`
      : " No epoch was finished.";
    return `Training diverged: the loss was not finite at ${epoch}.${before} A lower learning rate than ${settings.learningRate} may help.`;
  }
  if (!last || !best) return "No epoch was finished.";
  const end = `Test accuracy after the last epoch, ${last.epoch}: ${percent(last.testAccuracy)}`;
  if (best.testAccuracy === last.testAccuracy) return `${end}, the highest of all epochs.`;
  return `${end}. The highest of all epochs was ${percent(best.testAccuracy)}, after epoch ${best.epoch}.`;
}

/** The report of a training, as a page. */
export function page(results: TrainingResults): string {
  const { settings, data, epochs, software } = results;
  const charts = epochs.length
    ? html`<div class="columns">${panels(results, PAGE_THEME).map((panel, i) => figure(panel, CAPTIONS[i]))}</div>`
    : null;
  const body = html`${charts}
<h2>Every epoch</h2>
${table(
  "Training loss and accuracy are means over the epoch while the network was changing, on images as training changed them; test loss and accuracy were measured after it. Learning rate: of the epoch’s last step.",
  "numbers",
  ["Epoch", "Train loss", "Train accuracy", "Test loss", "Test accuracy", "Learning rate", "Images/s"],
  epochs.map((row, i) => [
    String(row.epoch),
    fixed(row.trainLoss, 4),
    percent(row.trainAccuracy),
    row.testLoss === null ? "not finite" : fixed(row.testLoss, 4),
    percent(row.testAccuracy),
    row.learningRate.toPrecision(3),
    integer(imagesPerSecond(results, results.timing.epochs[i])),
  ]),
)}
<h2>How it was trained</h2>
<ul>${method(results).map(
    (sentence) => html`<li>${sentence}</li>
`,
  )}</ul>`;
  return reportPage({
    eyebrow: "Trained with batchnorm",
    title: `Training ${subject(results)}`,
    notice: null,
    lead: html`${verdict(results)}`,
    body,
    footer: html`<p>Data: ${data.name} (fingerprint ${settings.data}), ${integer(settings.trainImages)} training and ${integer(settings.testImages)} test images of ${data.shape.join(" × ")}.</p>
<p>Made by <code>${command(results)}</code> with batchnorm ${software.batchnorm} on Node ${software.node.replace("v", "")}, ${workers(results)}, in ${duration(total(results))}. The same command repeats it to the bit on such a machine, on any number of threads.</p>`,
  });
}

const CAPTIONS: readonly Markup[] = [
  html`Cross-entropy.`,
  html`Share of images whose class was given the highest score.`,
];

function method({ settings, data, parameters, stepsPerEpoch }: TrainingResults): string[] {
  const { batchSize, epochs, learningRate, momentum, nesterov, weightDecay, crop, flip, seed } = settings;
  const steps = `${plural(epochs, "epoch")} of ${integer(stepsPerEpoch)} steps, ${batchSize} images each`;
  const changes = [crop > 0 && `moved by up to ${crop} pixels along each axis`, flip && "every other one mirrored"];
  const changed = changes.filter(Boolean).join(", ");
  const { normalization } = data;
  const numbers = (values: readonly number[]) => values.map((value) => fixed(value, 4)).join(", ");
  return [
    `${settings.model} ${settings.batchNorm ? "with" : "without"} batch norm, ${integer(parameters)} parameters; seed ${seed}.`,
    `Stochastic gradient descent with ${nesterov ? "Nesterov’s " : ""}momentum ${momentum}, weight decay ${weightDecay} of matrices and convolutions; ${steps}. What is left of the images at the end of an epoch is left out.`,
    `The learning rate rises linearly to ${learningRate} over the first epoch, or the first tenth of a run of less than ten epochs, and falls along a cosine to almost nothing.`,
    ...(normalization
      ? [
          `Each channel is given mean 0 and standard deviation 1 over the training images (before: mean ${numbers(normalization.mean)}, standard deviation ${numbers(normalization.std)}).`,
        ]
      : []),
    ...(changed ? [`Training images are changed at random each time they are seen: ${changed}.`] : []),
    "The network kept is that of the last epoch: none was chosen by its test accuracy.",
  ];
}

/** The command line that repeats the run; the folder of the user's own images is not known. */
function command({ settings, data, timing }: TrainingResults): string {
  const { model, dataset, batchNorm, epochs, batchSize, learningRate, seed, trainImages, testImages } = settings;
  const options = { dataset, epochs, "batch-size": batchSize, "learning-rate": learningRate, seed };
  const limits = {
    ...(trainImages < data.trainingImages && { "train-images": trainImages }),
    ...(testImages < data.testImages && { "test-images": testImages }),
  };
  const text = Object.entries({ ...options, ...limits }).map(([name, value]) => `--${name} ${value}`);
  const flags = [!batchNorm && "--no-batch-norm", timing.ranks && "--mpi"].filter(Boolean);
  const launcher = timing.ranks ? [`mpirun -np ${timing.ranks}`] : [];
  return [...launcher, "batchnorm train", model, ...text, ...flags].join(" ");
}

function workers({ timing: { ranks, threads } }: TrainingResults): string {
  const each = plural(threads, "thread");
  return ranks ? `${ranks} ranks of ${each}` : each;
}

function total({ timing }: TrainingResults): number {
  return timing.epochs.reduce((sum, { training, measuring }) => sum + training + measuring, 0);
}

/** What the terminal says at the end. */
export function summary(results: TrainingResults): string[] {
  const { parameters, settings, epochs } = results;
  return [
    `${subject(results)}: ${integer(parameters)} parameters, ${epochs.length} of ${plural(settings.epochs, "epoch")} in ${duration(total(results))}`,
    "",
    verdict(results),
    "",
  ];
}
