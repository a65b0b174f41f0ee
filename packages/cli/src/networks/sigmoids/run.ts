import { Dataset, type Layer, SGD, Sigmoid, synchronize, Trainer } from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { IMAGE_SIZE } from "../../datasets/mnist.ts";
import type { SharedData, SharedImages } from "../../datasets/shared.ts";
import { InterruptedError } from "../../errors.ts";
import type { RunKind } from "../../runs/kind.ts";
import type { Team } from "../../team/team.ts";
import { EMPTY_JOURNAL, meanLoss } from "../../training/journal.ts";
import { carryOut } from "../../training/loop.ts";
import { percentiles } from "./percentiles.ts";
import { heldOutCount } from "./settings.ts";
import type { MeasuredPart, SigmoidsPoint, SigmoidsResult, SigmoidsSpec } from "./spec.ts";

/** Steps between two reports of progress. */
const REPORT_EVERY = 50;
/** Images per forward pass while measuring; large, because nothing is learned from it. */
const MEASURING_BATCH = 500;
const SHARES = [0.15, 0.5, 0.85];

/** Trains the network of a spec from its initial weights and measures it on the way. */
export const kind: RunKind<SigmoidsSpec, SigmoidsResult> = {
  module: import.meta.url,
  async carryOut(spec, data, { advanced, team, signal }) {
    const started = performance.now();
    const { trainOn, measured } = prepare(spec, data);
    const { batchNorm, hidden, sigma, seed, steps, batchSize, measureAt, watchedUnit } = spec;
    const network = mnistNetwork({ batchNorm, hidden: [...hidden], activation: "sigmoid", sigma, seed });
    const model = synchronize(network, team.shards);
    const optimizer = new SGD({ lr: spec.learningRate });
    const trainer = new Trainer(model, { optimizer, threads: 1, seed, shards: team.shards });
    try {
      const watched = watchedUnit === null ? null : watch(trainer, lastSigmoid(model), watchedUnit);
      const measure = (step: number, loss: number | null) => pointAt(trainer, step, loss, measured, watched, team);
      const { journal, end, divergedAt } = await carryOut<SigmoidsPoint>(
        {
          trainer,
          data: trainOn,
          steps,
          batchSize,
          every: commonStride([...measureAt, steps, REPORT_EVERY]),
          team,
          signal,
          stepped(step) {
            if (step % REPORT_EVERY === 0 || step === steps) advanced(step);
          },
          measuresAt: (step) => measureAt.includes(step),
          measure: ({ step, sums }) => measure(step, meanLoss(sums)),
        },
        EMPTY_JOURNAL,
      );
      if (end === "interrupted") throw new InterruptedError("interrupted");
      const last = divergedAt === null ? [] : [await measure(divergedAt, null)];
      const points = [...journal.points, ...last];
      return { kind: "training", points, divergedAt, seconds: (performance.now() - started) / 1000 };
    } finally {
      await trainer.close();
    }
  },
};

type Parts = ReadonlyMap<MeasuredPart, Dataset>;

function prepare(spec: SigmoidsSpec, data: SharedData): { trainOn: Dataset; measured: Parts } {
  const train = dataset(data.train);
  const kept = train.length - heldOutCount(train.length);
  const measured = new Map<MeasuredPart, Dataset>();
  for (const part of spec.measureOn) {
    measured.set(part, part === "test" ? dataset(data.test) : train.slice(kept, train.length));
  }
  return {
    trainOn: spec.trainOn === "all" ? train : train.slice(0, kept),
    measured,
  };
}

function dataset(part: SharedImages): Dataset {
  return new Dataset({
    data: part.images,
    shape: [IMAGE_SIZE],
    labels: part.labels,
  });
}

async function pointAt(
  trainer: Trainer,
  step: number,
  loss: number | null,
  measured: Parts,
  watched: Watched | null,
  team: Team,
): Promise<SigmoidsPoint> {
  const accuracy: { [part in MeasuredPart]?: number } = {};
  let spread: [number, number, number] | undefined;
  for (const [part, images] of measured) {
    watched?.clear();
    accuracy[part] = (await trainer.evaluate(images, { batchSize: MEASURING_BATCH })).accuracy;
    if (part === "test" && watched)
      spread = percentiles(team.gather(watched.values()), SHARES) as [number, number, number];
  }
  const point = { step, loss, accuracy };
  return spread?.every(Number.isFinite) ? { ...point, percentiles: spread } : point;
}

interface Watched {
  clear(): void;
  values(): Float32Array;
}

/** Collects what one unit of a layer receives whenever the network is run without training. */
function watch(trainer: Trainer, layer: Layer, unit: number): Watched {
  let collected: number[] = [];
  trainer.watch(layer, ({ input, training }) => {
    if (training) return;
    const [rows = 0, units = 0] = input.shape;
    for (let row = 0; row < rows; row++) collected.push(input.data[row * units + unit]);
  });
  return {
    clear: () => {
      collected = [];
    },
    values: () => Float32Array.from(collected),
  };
}

function lastSigmoid(model: Layer): Layer {
  const layer = [...model.modules()].findLast((candidate) => candidate instanceof Sigmoid);
  if (!layer) throw new Error("expected a network with a layer of sigmoids, found none to watch");
  return layer;
}

/** The largest stride that meets every one of the given steps. */
function commonStride(steps: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return steps.reduce(divisor);
}
