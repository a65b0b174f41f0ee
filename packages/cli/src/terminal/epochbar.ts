import { SingleBar } from "cli-progress";
import type { Extent } from "../train/run.ts";
import { duration, integer, percent } from "../words.ts";
import { barOptions } from "./baroptions.ts";

/** The bar of the epoch under way: its share, images a second, and the time left of the whole run. */
export function epochBar(stream: NodeJS.WriteStream, now: () => number) {
  let extent: Extent = { epochs: 0, stepsPerEpoch: 0, batchSize: 0 };
  let bar: SingleBar | null = null;
  /** Where this call began, and where the stretch of the bar did, which the rate is taken over. */
  let first = { step: 0, at: 0 };
  let here = { step: 0, at: 0 };

  const start = (step: number) => {
    bar = new SingleBar(barOptions(stream));
    const label = `epoch ${Math.ceil(step / extent.stepsPerEpoch)}/${extent.epochs}`;
    bar.start(extent.stepsPerEpoch, 0, { label, share: "", rate: "", left: "" });
    here = { step, at: now() };
  };

  return {
    begin(all: Extent, step: number) {
      extent = all;
      first = { step, at: now() };
    },
    stepped(step: number) {
      const { epochs, stepsPerEpoch, batchSize } = extent;
      if (!bar) start(step);
      const inEpoch = ((step - 1) % stepsPerEpoch) + 1;
      const rate = ((step - here.step) * batchSize) / (now() - here.at);
      const left = ((now() - first.at) / (step - first.step)) * (epochs * stepsPerEpoch - step);
      bar?.update(inEpoch, {
        share: percent(inEpoch / stepsPerEpoch, 0).padStart(4),
        rate: step > here.step ? `${integer(rate).padStart(6)} images/s` : "",
        left: `${duration(left)} left`,
      });
    },
    measuring() {
      bar?.update({ rate: "measuring", left: "" });
    },
    clear() {
      bar?.stop();
      bar = null;
    },
  };
}
