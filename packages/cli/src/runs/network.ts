import { cosine, decayWeightsOnly, SGD, Trainer, warmup } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import type { SharedData } from "../datasets/shared.ts";
import { ALONE } from "../team/team.ts";
import { EMPTY_JOURNAL, type Journal, meanLoss, secondsOf } from "../training/journal.ts";
import { carryOut } from "../training/loop.ts";
import { packCheckpoint, resumeFrom } from "./checkpoint.ts";
import type { ImagePoint } from "./imagespec.ts";
import type { RunReporter } from "./messages.ts";
import { learnedImages, NETWORKS } from "./networks.ts";
import type { NetworkResult, NetworkSpec } from "./shiftspec.ts";
import type { Checkpoint } from "./spec.ts";

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
    const from = (checkpoint && (await resumeFrom(checkpoint, trainer))) ?? EMPTY_JOURNAL;
    const journal = await train(spec, trainer, data, from, reporter);
    const weights = Buffer.from(writeSafetensors({ tensors: model.stateDict(), metadata: {} })).toString("base64");
    return { kind: "network", points: journal.points, weights, seconds: secondsOf(journal) };
  } finally {
    await trainer.close();
  }
}

async function train(
  spec: NetworkSpec,
  trainer: Trainer,
  data: SharedData,
  from: Journal<ImagePoint>,
  reporter: RunReporter,
): Promise<Journal<ImagePoint>> {
  const { steps, batchSize, trainImages } = spec;
  const stepsPerEpoch = Math.floor(trainImages / batchSize);
  reporter.advanced(trainer.stepCount);
  const { journal, divergedAt } = await carryOut<ImagePoint>(
    {
      trainer,
      data: learnedImages(spec, data),
      steps,
      batchSize,
      team: ALONE,
      stepped: reporter.advanced,
      measuresAt: (step) => step % stepsPerEpoch === 0 || step === steps,
      measure: async ({ step, sums }) => ({ step, loss: meanLoss(sums), accuracy: {} }),
      save: async (journal) => reporter.saved(await packCheckpoint(trainer, spec, journal)),
    },
    from,
  );
  if (divergedAt !== null) throw new Error(`training diverged: the loss was not finite at step ${divergedAt}`);
  return journal;
}
