import { kind } from "../../networks/sigmoids/run.ts";
import { finalAccuracy, networkLabel, PAPER, sigmoidsSpec } from "../../networks/sigmoids/settings.ts";
import type { SigmoidsSpec } from "../../networks/sigmoids/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import type { RobustnessResults, RobustnessSize } from "./results.ts";

/** Trains both networks at every learning rate with every σ, for a short time. */
export async function run(laboratory: Laboratory, size: RobustnessSize, request: Request): Promise<RobustnessResults> {
  const { data } = laboratory;
  const { learningRates, sigmas } = size;
  const steps = request.steps ?? size.steps;
  const jobs: Job<SigmoidsSpec>[] = [false, true].flatMap((batchNorm) =>
    sigmas.flatMap((sigma) =>
      learningRates.map((learningRate) => {
        const setting = { learningRate, sigma };
        const spec = sigmoidsSpec(data, { ...setting, batchNorm, steps, seed: request.seed });
        return { label: networkLabel(batchNorm, setting), spec };
      }),
    ),
  );
  const results = await laboratory.run(kind, jobs);
  const cells = results.map((result, index) => {
    const { batchNorm, learningRate, sigma } = jobs[index].spec;
    const accuracy = finalAccuracy(result, "test");
    return { batchNorm, learningRate, sigma, accuracy, divergedAt: result.divergedAt };
  });
  return {
    ...record("robustness", data, request),
    steps,
    batchSize: PAPER.batchSize,
    hidden: PAPER.hidden,
    learningRates,
    sigmas,
    cells,
  };
}
