import { Random } from "batchnorm";
import type { InferenceSession } from "onnxruntime-node";
import { checkOptions } from "../errors.ts";
import type { OnnxModel } from "../model/file.ts";
import { drawInputs } from "./inputs.ts";
import { feedsOf, loadRuntime, openSession } from "./runtime.ts";
import { type InputOptions, inputOptions } from "./values.ts";

export interface TimeOptions extends InputOptions {
  /** How long to go on, in milliseconds; at least five runs of each model are made. Default 1000. */
  readonly duration?: number;
  /** Whether onnxruntime optimizes the models, as it does unless told otherwise; it folds some batch norms itself. Default true. */
  readonly optimized?: boolean;
}

/** Milliseconds of a run, medians. */
export interface Times {
  readonly before: number;
  readonly after: number;
}

const LEAST_RUNS = 5;

/**
 * How long two models take in onnxruntime, on one thread and the same random inputs, run in turns.
 *
 * @throws OnnxError as `compareModels`
 */
export async function timeModels(before: OnnxModel, after: OnnxModel, options: TimeOptions = {}): Promise<Times> {
  checkOptions(options, ["duration", "optimized", ...inputOptions]);
  const { duration = 1000, optimized = true } = options;
  const runtime = await loadRuntime();
  const sessions: InferenceSession[] = [];
  try {
    for (const [model, what] of [
      [before, "the first model"],
      [after, "the second model"],
    ] as const) {
      sessions.push(await openSession(runtime, model, what, { optimized }));
    }
    const feeds = feedsOf(runtime, drawInputs(sessions[0], options, new Random(1)));
    const times: number[][] = [[], []];
    const end = performance.now() + duration;
    // The first run of each is slower: it is not counted.
    for (let run = 0; run <= LEAST_RUNS || performance.now() < end; run++) {
      for (const [i, session] of sessions.entries()) {
        const start = performance.now();
        await session.run(feeds);
        if (run > 0) times[i].push(performance.now() - start);
      }
    }
    const [first, second] = times.map(median);
    return { before: first, after: second };
  } finally {
    for (const session of sessions) await session.release();
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
