/** Of a training, what it showed at a step. What else is in a point is for each kind of training to say. */
export interface Measured {
  readonly step: number;
}

/** Seconds that it took from one point to the next. */
export interface Time {
  readonly training: number;
  readonly measuring: number;
}

/** Mean training loss of the steps since the point before. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** What the trainer has reported since some point, added up. */
export interface Sums {
  /** reports: one a step, unless the trainer was asked for fewer */
  readonly steps: number;
  readonly loss: number;
  readonly correct: number;
}

/** All that a training has shown so far: with a checkpoint of the same step, what is needed to go on. */
export interface Journal<Point extends Measured> {
  readonly step: number;
  readonly points: readonly Point[];
  readonly times: readonly Time[];
  readonly losses: readonly LossPoint[];
  /** since the last of `points` */
  readonly sums: Sums;
  /** since the last of `losses` */
  readonly lossSums: Sums;
  /** of training, since the last of `times` */
  readonly seconds: number;
  /** of the last step */
  readonly learningRate: number;
}

/** Steps from one point of the training loss to the next. */
export const LOSS_EVERY = 100;

const NOTHING: Sums = { steps: 0, loss: 0, correct: 0 };

export const EMPTY_JOURNAL: Journal<never> = {
  step: 0,
  points: [],
  times: [],
  losses: [],
  sums: NOTHING,
  lossSums: NOTHING,
  seconds: 0,
  learningRate: 0,
};

/** What the trainer reports of a step, or of several together. */
export interface Report {
  readonly step: number;
  readonly loss: number;
  readonly correct: number;
  readonly learningRate: number;
}

/** @param seconds  that it took */
export function afterReport<Point extends Measured>(
  journal: Journal<Point>,
  { step, loss, correct, learningRate }: Report,
  seconds: number,
): Journal<Point> {
  const add = (sums: Sums): Sums => ({
    steps: sums.steps + 1,
    loss: sums.loss + loss,
    correct: sums.correct + correct,
  });
  const next = {
    ...journal,
    step,
    learningRate,
    seconds: journal.seconds + seconds,
    sums: add(journal.sums),
    lossSums: add(journal.lossSums),
  };
  return step % LOSS_EVERY === 0 ? withLossPoint(next) : next;
}

/** The journal with a point for the loss of the steps since the last one, if there are any. */
export function withLossPoint<Point extends Measured>(journal: Journal<Point>): Journal<Point> {
  const { step, losses, lossSums } = journal;
  if (lossSums.steps === 0) return journal;
  return { ...journal, losses: [...losses, { step, loss: lossSums.loss / lossSums.steps }], lossSums: NOTHING };
}

/** @param measuring  seconds that it took */
export function afterPoint<Point extends Measured>(
  journal: Journal<Point>,
  point: Point,
  measuring: number,
): Journal<Point> {
  return {
    ...journal,
    points: [...journal.points, point],
    times: [...journal.times, { training: journal.seconds, measuring }],
    sums: NOTHING,
    seconds: 0,
  };
}

/** Time of training and measuring, of all calls that it took. */
export function secondsOf({ times, seconds }: Journal<Measured>): number {
  return times.reduce((sum, { training, measuring }) => sum + training + measuring, seconds);
}

/** As recorded: null when it was not finite. */
export function meanLoss({ steps, loss }: Sums): number | null {
  const mean = loss / steps;
  return Number.isFinite(mean) ? mean : null;
}
