import { CONTESTANTS, type ContestantName } from "../state/contestants.ts";
import type { Experiment } from "../state/experiment.ts";
import type { Preset } from "../state/presets.ts";
import type { Contestant } from "../worker/contestant.ts";

/** Everything that the page shows. */
export interface View {
  readonly experiment: Experiment;
  readonly preset: Preset | null;
  /** null until the digits have come */
  readonly contestants: Readonly<Record<ContestantName, Contestant>> | null;
}

/** A part of the page: draws itself when asked to. */
export interface Panel {
  draw(view: View): void;
}

/** A panel of measurements alone: it draws only when there are others than before. */
export function measured(panel: Panel): Panel {
  let drawn = "";
  return {
    draw(view) {
      const measurements = CONTESTANTS.map((name) => view.contestants?.[name].measurement ?? 0);
      const now = [...measurements, view.experiment.norms.length].join();
      if (now === drawn) return;
      drawn = now;
      panel.draw(view);
    },
  };
}
