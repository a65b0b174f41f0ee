import { cosine, decayWeightsOnly, SGD, Trainer, warmup } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import { carryOutKept } from "../../runs/kept.ts";
import type { RunKind } from "../../runs/kind.ts";
import { meanLoss, secondsOf } from "../../training/journal.ts";
import { learnedImages, NETWORKS } from "./networks.ts";
import type { LossPoint, NetworkResult, NetworkSpec } from "./spec.ts";

/**
 * Trains the network of a spec for its weights, with a checkpoint after every pass over the images.
 *
 * @throws Error when the loss is not finite
 */
export const kind: RunKind<NetworkSpec, NetworkResult> = {
  module: import.meta.url,
  async carryOut(spec, data, context) {
    const { learningRate, momentum, weightDecay, trainImages, batchSize, steps, warmup: rising, seed } = spec;
    const model = NETWORKS[spec.network].build(seed);
    const groups = decayWeightsOnly(model, weightDecay);
    const trainer = new Trainer(model, {
      optimizer: new SGD({ lr: learningRate, momentum, nesterov: true, groups }),
      schedule: warmup({ steps: rising, after: cosine({ steps: steps - rising }) }),
      threads: 1,
      seed,
    });
    const stepsPerEpoch = Math.floor(trainImages / batchSize);
    try {
      const { journal, divergedAt } = await carryOutKept<LossPoint>(
        spec,
        {
          trainer,
          data: learnedImages(spec, data),
          batchSize,
          measuresAt: (step) => step % stepsPerEpoch === 0 || step === steps,
          measure: async ({ step, sums }) => ({ step, loss: meanLoss(sums), accuracy: {} }),
        },
        context,
      );
      if (divergedAt !== null) throw new Error(`training diverged: the loss was not finite at step ${divergedAt}`);
      const weights = Buffer.from(writeSafetensors({ tensors: model.stateDict(), metadata: {} })).toString("base64");
      return { kind: "network", points: journal.points, weights, seconds: secondsOf(journal) };
    } finally {
      await trainer.close();
    }
  },
};
