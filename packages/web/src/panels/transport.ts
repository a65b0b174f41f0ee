import { integer } from "../words.ts";
import { button, element, say } from "./element.ts";
import type { Panel, View } from "./panel.ts";

/** What the person may ask of both networks at once. */
export interface Transport {
  start(): void;
  pause(): void;
  step(): void;
  reset(): void;
  share(): void;
}

/** Start or pause, step, reset, share, and how far the networks are. */
export function transportPanel(host: HTMLElement, transport: Transport): Panel {
  const start = button("Start", () => (isTraining ? transport.pause() : transport.start()), {
    class: "main",
    disabled: true,
  });
  const step = button("Step", transport.step, { disabled: true });
  const reset = button("Reset", transport.reset, { disabled: true });
  const share = button("Share", transport.share);
  const steps = element("span", {}, "0");
  const progress = element("p", { class: "progress" }, element("span", { class: "word" }, "Step "), steps);
  let isTraining = false;
  host.append(start, step, reset, share, progress);
  return {
    draw({ contestants }: View) {
      const both = contestants ? [contestants.with, contestants.without] : [];
      const able = both.some(({ ready, trouble, activity }) => ready && !trouble && activity !== "diverged");
      isTraining = both.some(({ activity }) => activity === "training");
      say(start, isTraining ? "Pause" : "Start");
      start.disabled = !able;
      step.disabled = !able || isTraining;
      reset.disabled = both.length === 0;
      say(steps, integer(Math.max(0, ...both.map((contestant) => contestant.step))));
    },
  };
}
