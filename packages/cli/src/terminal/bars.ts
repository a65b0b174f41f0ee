import { MultiBar, type SingleBar } from "cli-progress";
import type { Progress } from "../runs/laboratory.ts";
import type { Job, RunResult } from "../runs/spec.ts";
import { duration, integer, percent, plural } from "../words.ts";
import { barOptions } from "./baroptions.ts";
import { fromBefore } from "./before.ts";
import { Meter, type Reading, stepsBefore } from "./meter.ts";

const LABEL_WIDTH = 34;

/** One bar for each run under way and one for all of them, with the rate and the time left. */
export function barProgress(stream: NodeJS.WriteStream): Progress {
  let bars: MultiBar | undefined;
  let slots: SingleBar[] = [];
  let overall: SingleBar | undefined;
  let meter = new Meter([]);
  let finished = 0;
  let runs = 0;

  const showOverall = () => {
    const all = meter.all();
    overall?.setTotal(all.total);
    overall?.update(all.done, {
      ...payload(all),
      label: label(`${finished} of ${plural(runs, "run")} done`),
    });
  };

  return {
    begin(jobs: readonly Job[], kept: number, slotCount: number) {
      const before = fromBefore(jobs, kept);
      if (before) stream.write(`${before}.\n`);
      bars = new MultiBar(barOptions(stream));
      meter = new Meter(jobs);
      runs = jobs.length;
      finished = 0;
      // The library keeps and changes the object it is given: one for each bar.
      const blank = () => ({ label: label("starting"), share: "", rate: "", left: "" });
      slots = Array.from({ length: slotCount }, () => (bars as MultiBar).create(1, 0, blank()));
      overall = bars.create(meter.all().total, 0, blank());
      showOverall();
    },
    started(slot: number, job: Job) {
      meter.start(slot, job);
      slots[slot]?.setTotal(job.spec.steps);
      slots[slot]?.update(stepsBefore(job), { label: label(job.label), share: "", rate: "", left: "" });
    },
    advanced(slot: number, _job: Job, step: number) {
      meter.advance(slot, step);
      const run = meter.slot(slot);
      if (run) slots[slot]?.update(step, payload(run));
      showOverall();
    },
    finished(slot: number, _job: Job, result: RunResult) {
      meter.finish(slot, result.points.at(-1)?.step ?? 0);
      finished += 1;
      showOverall();
    },
    end() {
      bars?.stop();
      bars = undefined;
    },
  };
}

function payload(reading: Reading) {
  return {
    share: percent(reading.total > 0 ? reading.done / reading.total : 1, 0).padStart(4),
    rate: `${integer(reading.rate).padStart(6)} steps/s`,
    left: reading.done < reading.total ? `${duration(reading.secondsLeft)} left` : "",
  };
}

function label(text: string): string {
  const cut = text.length > LABEL_WIDTH ? `${text.slice(0, LABEL_WIDTH - 1)}…` : text;
  return cut.padEnd(LABEL_WIDTH);
}
