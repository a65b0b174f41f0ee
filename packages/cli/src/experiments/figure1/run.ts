import { kind } from "../../networks/sigmoids/run.ts";
import {
  type Curve,
  curve,
  networkLabel,
  PAPER,
  type Setting,
  sigmoidsSpec,
} from "../../networks/sigmoids/settings.ts";
import type { SigmoidsSpec } from "../../networks/sigmoids/spec.ts";
import { type Request, record } from "../../results/recorded.ts";
import type { Laboratory } from "../../runs/laboratory.ts";
import type { Job } from "../../runs/spec.ts";
import { type Choice, recordedChoice } from "./choice.ts";
import type { Figure1Results, Figure1Size } from "./results.ts";
import { bestSetting, type SearchSize, search } from "./search.ts";

/** The sigmoid that is watched: any one would do, and the one in the middle was named before looking at it. */
const WATCHED_UNIT = 50;

/** Trains the four networks of Figure 1, after the search if one is asked for. */
export async function run(laboratory: Laboratory, size: Figure1Size, request: Request): Promise<Figure1Results> {
  const { data } = laboratory;
  const steps = request.steps ?? size.steps;
  const choice = await choose(laboratory, shortened(size.search, steps), request);
  const settings: [boolean, Setting][] = [
    [true, choice.same],
    [false, choice.same],
    [true, choice.best.withBatchNorm],
    [false, choice.best.withoutBatchNorm],
  ];
  const jobs: Job<SigmoidsSpec>[] = settings.map(([batchNorm, setting]) => ({
    label: networkLabel(batchNorm, setting),
    spec: sigmoidsSpec(data, {
      ...setting,
      batchNorm,
      steps,
      seed: request.seed,
      measureAt: measuringSteps(steps),
      watchedUnit: WATCHED_UNIT,
    }),
  }));
  const results = await laboratory.run(kind, jobs);
  const curves = results.map((result, index) => curve(jobs[index].spec, result));
  const [sameWith, sameWithout, bestWith, bestWithout] = curves as [Curve, Curve, Curve, Curve];
  return {
    ...record("figure1", data, request),
    steps,
    batchSize: PAPER.batchSize,
    hidden: PAPER.hidden,
    watchedUnit: WATCHED_UNIT,
    choice,
    same: { withBatchNorm: sameWith, withoutBatchNorm: sameWithout },
    best: { withBatchNorm: bestWith, withoutBatchNorm: bestWithout },
  };
}

/** After a search, what it chose. */
export function extras({ choice }: Figure1Results, { flags }: Request): Record<string, Choice> {
  return flags.has("search") ? { "figure1.choice.json": choice } : {};
}

/** Every 50 steps at first, when most happens, then every 100, then every 500; always the last. */
export function measuringSteps(steps: number): number[] {
  const points: number[] = [];
  for (let step = 50; step < steps; step += step < 500 ? 50 : step < 5_000 ? 100 : 500) points.push(step);
  return [...points, steps];
}

/** No trial is longer than the experiment's own trainings. */
function shortened(size: SearchSize, steps: number): SearchSize {
  return { ...size, steps: Math.min(size.steps, steps), finalSteps: Math.min(size.finalSteps, steps) };
}

/** The settings of the networks: those recorded or, after a search, each network's best. */
async function choose(laboratory: Laboratory, size: SearchSize, { flags, seed }: Request): Promise<Choice> {
  const recorded = recordedChoice();
  if (!flags.has("search")) return recorded;
  const found = await search(laboratory, size, seed);
  return {
    same: recorded.same,
    best: {
      withBatchNorm: bestSetting(found.finals, true),
      withoutBatchNorm: bestSetting(found.finals, false),
    },
    search: { ...found, seed, data: laboratory.data.name },
  };
}
