import { kind } from "../../networks/sigmoids/run.ts";
import { finalAccuracy, networkLabel, PAPER, sigmoidsSpec } from "../../networks/sigmoids/settings.ts";
import type { SigmoidsSpec } from "../../networks/sigmoids/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import type { DepthResults, DepthSize } from "./results.ts";

/** Trains networks of every depth at every setting, on the training images without the held-out ones. */
export async function run(laboratory: Laboratory, size: DepthSize, request: Request): Promise<DepthResults> {
  const { data } = laboratory;
  const steps = request.steps ?? size.steps;
  const jobs: Job<SigmoidsSpec>[] = size.depths.flatMap((layers) =>
    [false, true].flatMap((batchNorm) =>
      size.learningRates.flatMap((learningRate) =>
        size.sigmas.map((sigma) => {
          const setting = { learningRate, sigma };
          const spec = sigmoidsSpec(data, {
            ...setting,
            batchNorm,
            hidden: Array.from({ length: layers }, () => size.width),
            steps,
            seed: request.seed,
            trainOn: "all-but-held-out",
            measureOn: ["held-out", "test"],
          });
          return { label: `${layers} hidden, ${networkLabel(batchNorm, setting)}`, spec };
        }),
      ),
    ),
  );
  const results = await laboratory.run(kind, jobs);
  const trials = results.map((result, index) => {
    const { hidden, batchNorm, learningRate, sigma } = jobs[index].spec;
    return {
      depth: hidden.length,
      batchNorm,
      learningRate,
      sigma,
      heldOutAccuracy: finalAccuracy(result, "held-out"),
      testAccuracy: finalAccuracy(result, "test"),
      divergedAt: result.divergedAt,
    };
  });
  return { ...record("depth", data, request), ...size, steps, batchSize: PAPER.batchSize, trials };
}
