import { loadCifar10 } from "../../datasets/cifar10.ts";
import type { SharedData } from "../../datasets/shared.ts";
import { InputError } from "../../errors.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import { integer, list } from "../../words.ts";
import { accuraciesOf, CLASSES, estimatesOf, PRIOR, SHIFTS } from "./estimates.ts";
import { kind as measuring, statisticsImages } from "./measuring.ts";
import type { ShiftNetwork, ShiftResults, ShiftSize } from "./results.ts";
import type { NetworkName, NetworkSpec, ShiftSpec } from "./spec.ts";
import { kind as training } from "./training.ts";

/** As `batchnorm train` has them. */
const RECIPES: Record<NetworkName, { readonly batchSize: number }> = {
  mnist: { batchSize: 60 },
  resnet8: { batchSize: 128 },
};
const RECIPE = { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 };

/**
 * Trains a network on images as they are, shifts the test images, and estimates its running statistics anew from half of
 * them, without labels; accuracy is measured on the other half. CIFAR-10 is left out where it is not in the cache.
 *
 * @throws  InputError when there are too few test images
 */
export async function run(laboratory: Laboratory, size: ShiftSize, request: Request): Promise<ShiftResults> {
  const colours = await storedCifar10(laboratory);
  const subjects: (readonly [NetworkName, SharedData])[] = [
    ["mnist", laboratory.data],
    ...(colours ? ([["resnet8", colours]] as const) : []),
  ];
  for (const [, data] of subjects) checkImages(data, size);
  const networks: ShiftNetwork[] = [];
  for (const [network, data] of subjects) {
    networks.push(await shiftNetwork(laboratory.on(data), networkSpec(network, data, size, request), size, request));
  }
  return { ...record("shift", laboratory.data, request), prior: PRIOR, classes: CLASSES, networks };
}

/** CIFAR-10 if it is in the cache; if not, says that it is left out. */
async function storedCifar10(laboratory: Laboratory): Promise<SharedData | null> {
  try {
    return await loadCifar10();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    laboratory.note(
      "CIFAR-10 is left out: it is not in the cache, or not as it was stored. Fetch it with: batchnorm data cifar10",
    );
    return null;
  }
}

function networkSpec(network: NetworkName, { fingerprint, train }: SharedData, size: ShiftSize, request: Request) {
  const { images, epochs } = size.training[network];
  const trainImages = Math.min(images, train.length);
  const batchSize = Math.min(RECIPES[network].batchSize, trainImages);
  const stepsPerEpoch = Math.floor(trainImages / batchSize);
  const steps = request.steps ?? epochs * stepsPerEpoch;
  const warmup = Math.min(stepsPerEpoch, Math.floor(steps / 10));
  const { seed } = request;
  return {
    kind: "network",
    data: fingerprint,
    network,
    trainImages,
    ...RECIPE,
    warmup,
    batchSize,
    steps,
    seed,
  } as const;
}

/** Statistics of a few classes need two of their images at least. */
function checkImages({ name, test }: SharedData, { testImages }: ShiftSize): void {
  const half = statisticsImages(Math.min(testImages, test.length));
  const found = ofClasses(test.labels.subarray(0, half));
  if (found < 2) {
    throw new InputError(
      `${name}: expected at least 2 images of the classes ${list(CLASSES.map(String))} among the first ${integer(half)} test images, the half that statistics come from; got ${found}`,
    );
  }
}

function ofClasses(labels: Uint8Array): number {
  return labels.filter((label) => CLASSES.includes(label)).length;
}

async function shiftNetwork(
  laboratory: Laboratory,
  network: NetworkSpec,
  size: ShiftSize,
  request: Request,
): Promise<ShiftNetwork> {
  const { data } = laboratory;
  const images = Math.min(size.testImages, data.test.length);
  const half = statisticsImages(images);
  const [{ weights, seconds }] = await laboratory.run(training, [
    { label: `${network.network} on ${data.name}`, spec: network },
  ]);
  const common = { kind: "shift", data: data.fingerprint, network, images, seed: request.seed } as const;
  const jobs = [{ shift: null, closer: true }, ...SHIFTS].map(({ shift, closer }): Job<ShiftSpec> => {
    const estimates = estimatesOf(half, closer);
    const label = shift ? `${shift.name} ${shift.amount}` : "no shift";
    return {
      label: `${network.network}, ${label}`,
      spec: { ...common, shift, estimates, steps: estimates.length },
      input: weights,
    };
  });
  const results = await laboratory.run(measuring, jobs);
  const [clean, ...shifts] = results.map(({ points }) => accuraciesOf(half, points));
  const { trainImages, steps, batchSize, learningRate, momentum, weightDecay } = network;
  return {
    network: network.network,
    data: { name: data.name, testImages: data.test.length },
    trainImages,
    steps,
    batchSize,
    learningRate,
    momentum,
    weightDecay,
    statisticsImages: half,
    measuredImages: images - half,
    fewClassesImages: ofClasses(data.test.labels.subarray(0, half)),
    clean,
    shifts: shifts.map((accuracies, index) => ({ shift: SHIFTS[index].shift, ...accuracies })),
    seconds,
  };
}
