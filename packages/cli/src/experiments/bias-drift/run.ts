import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import { kind } from "./drift.ts";
import type { BiasDriftResults, BiasDriftSize } from "./results.ts";
import type { DriftSpec } from "./spec.ts";

/** Where only the bias learns, the batch stays the same, so that the loss can be compared from step to step. */
const PARTS = [
  { learns: "the bias", batches: "the same" },
  { learns: "everything", batches: "every next" },
] as const;

/** Trains the small network four times: statistics differentiated or constants, the bias alone or everything. */
export async function run(
  laboratory: Laboratory,
  { steps, ...size }: BiasDriftSize,
  request: Request,
): Promise<BiasDriftResults> {
  const { data } = laboratory;
  const settings = {
    steps: request.steps ?? steps,
    ...size,
    batchSize: Math.min(size.batchSize, data.train.length),
  };
  const jobs: Job<DriftSpec>[] = PARTS.flatMap((part) =>
    (["differentiated", "constants"] as const).map((statistics) => ({
      label: `${part.learns} learns, statistics ${statistics}`,
      spec: { kind: "drift", data: data.fingerprint, statistics, ...part, ...settings, seed: request.seed },
    })),
  );
  const results = await laboratory.run(kind, jobs);
  const curves = results.map(({ points }, index) => {
    const { statistics, learns } = jobs[index].spec;
    return { statistics, learns, points };
  });
  return { ...record("bias-drift", data, request), ...settings, curves };
}
