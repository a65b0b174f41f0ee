import type { Progress } from "../runs/laboratory.ts";
import type { Job, RunResult } from "../runs/spec.ts";
import { duration, integer, percent, plural } from "../words.ts";
import { fromBefore } from "./before.ts";
import { Meter } from "./meter.ts";

const SECONDS_BETWEEN = 10;

/** A plain line when a list of runs begins, every ten seconds, and when it ends. */
export function lineProgress(
  print: (line: string) => void,
  now: () => number = () => performance.now() / 1000,
): Progress {
  let meter = new Meter([], now);
  let lastLine = 0;
  let finished = 0;
  let runs = 0;

  const line = () => {
    const { done, total, rate, secondsLeft } = meter.all();
    const share = percent(total > 0 ? done / total : 1, 0).padStart(4);
    const steps = `${integer(done)} of ${integer(total)} steps`;
    const left = done < total ? `, ${duration(secondsLeft)} left` : "";
    print(`${share}  ${finished} of ${plural(runs, "run")} done, ${steps}, ${integer(rate)} steps/s${left}`);
    lastLine = now();
  };

  return {
    begin(jobs: readonly Job[], kept: number, slots: number) {
      meter = new Meter(jobs, now);
      runs = jobs.length;
      finished = 0;
      lastLine = now();
      const before = fromBefore(jobs, kept);
      print(`Training ${plural(runs, "run")}, ${slots} at a time${before && `; ${before}`}.`);
    },
    started(slot: number, job: Job) {
      meter.start(slot, job);
    },
    advanced(slot: number, _job: Job, step: number) {
      meter.advance(slot, step);
      if (now() - lastLine >= SECONDS_BETWEEN) line();
    },
    finished(slot: number, _job: Job, result: RunResult) {
      meter.finish(slot, result.points.at(-1)?.step ?? 0);
      finished += 1;
      if (finished === runs) line();
    },
    end() {},
  };
}
