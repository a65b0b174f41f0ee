/** What an epoch showed. Numbers that are not finite are null. */
export interface EpochRow {
  readonly epoch: number;
  /** steps taken in all when it ended */
  readonly step: number;
  /** mean over the epoch's steps, each before its change of the weights, on images as training changed them */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** after the epoch's last step */
  readonly testLoss: number | null;
  readonly testAccuracy: number;
  /** of the epoch's last step */
  readonly learningRate: number;
}

/** Seconds that an epoch took. */
export interface EpochTime {
  readonly training: number;
  readonly measuring: number;
}

/** Mean training loss of the steps since the point before. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** What is counted until an epoch ends, and until the next point of the loss. */
export interface Sums {
  readonly steps: number;
  readonly loss: number;
  readonly correct: number;
}

/** All that a run has shown so far: with a checkpoint of the same step, what is needed to go on. */
export interface Journal {
  readonly step: number;
  readonly epochs: readonly EpochRow[];
  readonly times: readonly EpochTime[];
  readonly losses: readonly LossPoint[];
  /** since the last row of `epochs` */
  readonly epochSums: Sums;
  /** since the last point of `losses` */
  readonly lossSums: Sums;
  /** seconds of training since the last row of `times` */
  readonly seconds: number;
  readonly learningRate: number;
}

/** Steps from one point of the training loss to the next. */
export const LOSS_EVERY = 100;

const NOTHING: Sums = { steps: 0, loss: 0, correct: 0 };

export const EMPTY_JOURNAL: Journal = {
  step: 0,
  epochs: [],
  times: [],
  losses: [],
  epochSums: NOTHING,
  lossSums: NOTHING,
  seconds: 0,
  learningRate: 0,
};

/** A step that was taken. */
export interface Step {
  readonly step: number;
  readonly loss: number;
  readonly correct: number;
  readonly learningRate: number;
}

export function afterStep(journal: Journal, { step, loss, correct, learningRate }: Step): Journal {
  const add = (sums: Sums): Sums => ({
    steps: sums.steps + 1,
    loss: sums.loss + loss,
    correct: sums.correct + correct,
  });
  const next = { ...journal, step, learningRate, epochSums: add(journal.epochSums), lossSums: add(journal.lossSums) };
  return step % LOSS_EVERY === 0 ? withLossPoint(next) : next;
}

/** The journal with a point for the steps since the last one, if there are any. */
export function withLossPoint(journal: Journal): Journal {
  const { step, losses, lossSums } = journal;
  if (lossSums.steps === 0) return journal;
  return { ...journal, losses: [...losses, { step, loss: lossSums.loss / lossSums.steps }], lossSums: NOTHING };
}

export function afterEpoch(
  journal: Journal,
  batchSize: number,
  test: { readonly loss: number; readonly accuracy: number },
  measuring: number,
): Journal {
  const { step, epochs, times, epochSums, seconds, learningRate } = journal;
  const row: EpochRow = {
    epoch: epochs.length + 1,
    step,
    trainLoss: epochSums.loss / epochSums.steps,
    trainAccuracy: epochSums.correct / (epochSums.steps * batchSize),
    testLoss: Number.isFinite(test.loss) ? test.loss : null,
    testAccuracy: test.accuracy,
    learningRate,
  };
  return {
    ...journal,
    epochs: [...epochs, row],
    times: [...times, { training: seconds, measuring }],
    epochSums: NOTHING,
    seconds: 0,
  };
}
