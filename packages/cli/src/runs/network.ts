import { cosine, decayWeightsOnly, SGD, Trainer, warmup } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import type { SharedData } from "../datasets/shared.ts";
import { type Journal, packCheckpoint, resumeFrom } from "./checkpoint.ts";
import type { RunReporter } from "./messages.ts";
import { learnedImages, NETWORKS } from "./networks.ts";
import type { NetworkResult, NetworkSpec } from "./shiftspec.ts";
import type { Checkpoint } from "./spec.ts";

const BEGINNING: Journal = { points: [], loss: 0, steps: 0, seconds: 0 };

/**
 * Trains the network of a spec for its weights, with a checkpoint after every pass over the images. From a checkpoint it
 * goes on to the same weights, bit for bit; a damaged one is not used, and the run begins anew.
 *
 * @throws Error when the loss is not finite
 */
export async function runNetwork(
  spec: NetworkSpec,
  data: SharedData,
  reporter: RunReporter,
  checkpoint?: Checkpoint,
): Promise<NetworkResult> {
  const { learningRate, momentum, weightDecay, steps, warmup: rising, seed } = spec;
  const model = NETWORKS[spec.network].build(seed);
  const trainer = new Trainer(model, {
    optimizer: new SGD({ lr: learningRate, momentum, nesterov: true, groups: decayWeightsOnly(model, weightDecay) }),
    schedule: warmup({ steps: rising, after: cosine({ steps: steps - rising }) }),
    threads: 1,
    seed,
  });
  try {
    const from = (checkpoint && (await resumeFrom(checkpoint, trainer))) ?? BEGINNING;
    const { points, seconds } = await train(spec, trainer, data, from, reporter);
    const weights = Buffer.from(writeSafetensors({ tensors: model.stateDict(), metadata: {} })).toString("base64");
    return { kind: "network", points, weights, seconds };
  } finally {
    await trainer.close();
  }
}

async function train(
  spec: NetworkSpec,
  trainer: Trainer,
  data: SharedData,
  from: Journal,
  reporter: RunReporter,
): Promise<Journal> {
  const { steps, batchSize } = spec;
  const started = performance.now() - 1000 * from.seconds;
  let journal = from;
  let { epoch } = trainer;
  reporter.advanced(trainer.stepCount);
  for await (const progress of trainer.fit(learnedImages(spec, data), { steps, batchSize, every: 1 })) {
    const { step, loss } = progress;
    if (!Number.isFinite(loss)) throw new Error(`training diverged: the loss was not finite at step ${step}`);
    const seconds = (performance.now() - started) / 1000;
    journal = { ...journal, loss: journal.loss + loss, steps: journal.steps + 1, seconds };
    reporter.advanced(step);
    const passed = progress.epoch > epoch;
    if (passed || step === steps) journal = withPoint(journal, step);
    if (!passed) continue;
    epoch = progress.epoch;
    reporter.saved(await packCheckpoint(trainer, spec, journal));
  }
  return journal;
}

/** The mean loss since the point before as another point. */
function withPoint({ points, loss, steps, seconds }: Journal, step: number): Journal {
  return { points: [...points, { step, loss: loss / steps, accuracy: {} }], loss: 0, steps: 0, seconds };
}
