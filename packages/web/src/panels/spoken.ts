import { CONTESTANTS, TITLES } from "../state/contestants.ts";
import { percent } from "../words.ts";
import { say } from "./element.ts";
import type { Panel } from "./panel.ts";
import { becameOf } from "./race.ts";

/** Says how both networks stand once training pauses or ends; to people who hear the page, and only then. */
export function spokenPanel(host: HTMLElement): Panel {
  let wasTraining = false;
  return {
    draw({ contestants }) {
      if (!contestants) return;
      const both = CONTESTANTS.map((name) => contestants[name]);
      const isTraining = both.some(({ activity }) => activity === "training");
      if (wasTraining && !isTraining) {
        const sentences = both.map((contestant) => {
          const accuracy = contestant.points[contestant.points.length - 1]?.accuracy ?? 0;
          return `${TITLES[contestant.name]}: ${becameOf(contestant)}, ${percent(accuracy)} of test digits right.`;
        });
        say(host, sentences.join(" "));
      }
      wasTraining = isTraining;
    },
  };
}
