import { fixed, integer, list, percent } from "../../words.ts";
import { INCEPTIONS, REFERENCE } from "./models.ts";
import type { InceptionResults } from "./results.ts";

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

/** How it was measured, in sentences. */
export function notes(results: InceptionResults): string[] {
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
