import type { Estimate, Shift, ShiftName, ShiftPoint } from "./spec.ts";

/** Accuracies on the same images, 0 to 1, by where the running statistics come from. */
export interface Accuracies {
  /** from training */
  readonly before: number;
  /** from all images that are kept for it, one batch norm after another */
  readonly layers: number;
  /** from the same images, all batch norms in one pass */
  readonly onePass: number;
  /** half from training, half as `layers` */
  readonly prior: number;
  /** the rest only where a closer look was taken: as `layers`, from images of a few classes */
  readonly fewClasses?: number;
  /** rising, the last with all images */
  readonly samples?: readonly Samples[];
}

/** As `layers` and as `prior`, from the first so many images. */
export interface Samples {
  readonly images: number;
  readonly layers: number;
  readonly prior: number;
}

/** Weight of the statistics of training where they are kept in part. */
export const PRIOR = 0.5;
/** The labels that are left where statistics come from few classes. */
export const CLASSES: readonly number[] = [0, 1, 2];
const SAMPLES = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** From slight to severe. */
const AMOUNTS: Record<ShiftName, readonly number[]> = {
  contrast: [0.5, 0.3, 0.15],
  brightness: [40, 80, 120],
  noise: [20, 50, 100],
  blur: [0.7, 1.2, 2],
};
/** The place among the amounts of the one that is looked at more closely. */
const CLOSER = 1;

/** All shifts, and which are looked at more closely. */
export const SHIFTS: readonly { readonly shift: Shift; readonly closer: boolean }[] = Object.entries(AMOUNTS).flatMap(
  ([name, amounts]) =>
    amounts.map((amount, place) => ({ shift: { name: name as ShiftName, amount }, closer: place === CLOSER })),
);

const estimate = (images: number, changes: Partial<Estimate> = {}): Estimate => ({
  images,
  classes: null,
  onePass: false,
  prior: 0,
  ...changes,
});

/** What is measured for a shift, in the order in which `accuraciesOf` reads it. @param images  kept for statistics */
export function estimatesOf(images: number, closer: boolean): (Estimate | null)[] {
  return [
    null,
    estimate(images),
    estimate(images, { onePass: true }),
    estimate(images, { prior: PRIOR }),
    ...(closer ? [estimate(images, { classes: CLASSES })] : []),
    ...(closer ? sampled(images).flatMap((count) => [estimate(count), estimate(count, { prior: PRIOR })]) : []),
  ];
}

function sampled(images: number): number[] {
  return SAMPLES.filter((count) => count < images);
}

export function accuraciesOf(images: number, points: readonly ShiftPoint[]): Accuracies {
  const [before, layers, onePass, prior, fewClasses, ...pairs] = points.map(({ accuracy }) => accuracy);
  const whole = { before, layers, onePass, prior };
  if (fewClasses === undefined) return whole;
  const samples = sampled(images).map((count, place) => ({
    images: count,
    layers: pairs[2 * place],
    prior: pairs[2 * place + 1],
  }));
  return { ...whole, fewClasses, samples: [...samples, { images, layers, prior }] };
}
