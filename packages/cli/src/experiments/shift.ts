import type { SharedData } from "../datasets/shared.ts";
import type { Shift } from "../datasets/shifts.ts";
import { InputError } from "../errors.ts";
import { type Recorded, type Request, record } from "../results/recorded.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import { statisticsImages } from "../runs/shift.ts";
import type { NetworkName, NetworkSpec, ShiftSpec } from "../runs/shiftspec.ts";
import type { Job } from "../runs/spec.ts";
import { integer, list } from "../words.ts";
import { type Accuracies, accuraciesOf, CLASSES, estimatesOf, PRIOR, SHIFTS } from "./estimates.ts";

/** A shift, and what new statistics do about it. */
export interface ShiftedAccuracies extends Accuracies {
  readonly shift: Shift;
}

/** One trained network on one data set. */
export interface ShiftNetwork extends Training {
  readonly network: NetworkName;
  readonly data: { readonly name: string; readonly testImages: number };
  /** test images that statistics come from, and others that accuracy is measured on */
  readonly statisticsImages: number;
  readonly measuredImages: number;
  /** images of the few classes among those that statistics come from */
  readonly fewClassesImages: number;
  /** on images as they are */
  readonly clean: Accuracies;
  readonly shifts: readonly ShiftedAccuracies[];
  /** of the training */
  readonly seconds: number;
}

type Training = Pick<NetworkSpec, "trainImages" | "steps" | "batchSize" | "learningRate" | "momentum" | "weightDecay">;

/** What statistics of shifted images are worth to networks that have learned from others. */
export interface ShiftResults extends Recorded<"shift"> {
  /** weight of the statistics of training where they are kept in part */
  readonly prior: number;
  /** the labels that are left where statistics come from few classes */
  readonly classes: readonly number[];
  /** MNIST's, and CIFAR-10's where the data are there */
  readonly networks: readonly ShiftNetwork[];
}

export interface ShiftSize {
  /** at most so many images to learn from, and passes over them */
  readonly training: Record<NetworkName, { readonly images: number; readonly epochs: number }>;
  /** at most so many test images */
  readonly testImages: number;
}

export const SHIFT_SIZES: Record<"full" | "quick", ShiftSize> = {
  full: {
    training: { mnist: { images: 60_000, epochs: 10 }, resnet8: { images: 50_000, epochs: 8 } },
    testImages: 10_000,
  },
  quick: {
    training: { mnist: { images: 60_000, epochs: 2 }, resnet8: { images: 6_400, epochs: 4 } },
    testImages: 600,
  },
};

/** As `batchnorm train` has them. */
const RECIPES: Record<NetworkName, { readonly batchSize: number }> = {
  mnist: { batchSize: 60 },
  resnet8: { batchSize: 128 },
};
const RECIPE = { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 };

/**
 * Trains a network on images as they are, shifts the test images, and estimates its running statistics anew from half of
 * them, without labels; accuracy is measured on the other half.
 *
 * @param colours  CIFAR-10; null to leave it out
 * @throws         InputError when there are too few test images
 */
export async function shift(
  laboratory: Laboratory,
  colours: SharedData | null,
  size: ShiftSize,
  request: Request,
): Promise<ShiftResults> {
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
  const [{ weights, seconds }] = await laboratory.run([{ label: `${network.network} on ${data.name}`, spec: network }]);
  const common = { kind: "shift", data: data.fingerprint, network, images, seed: request.seed } as const;
  const jobs = [{ shift: null, closer: true }, ...SHIFTS].map(({ shift, closer }): Job<ShiftSpec> => {
    const estimates = estimatesOf(half, closer);
    const label = shift ? `${shift.name} ${shift.amount}` : "no shift";
    return {
      label: `${network.network}, ${label}`,
      spec: { ...common, shift, estimates, steps: estimates.length },
      weights,
    };
  });
  const results = await laboratory.run(jobs);
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
