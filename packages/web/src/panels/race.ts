import { Lines } from "../charts/lines.ts";
import { MEASURES, type Measure } from "../charts/measures.ts";
import { lastStep } from "../charts/scales.ts";
import { CONTESTANTS, type ContestantName, type Point, TITLES } from "../state/contestants.ts";
import { integer } from "../words.ts";
import type { Contestant } from "../worker/contestant.ts";
import { button, element, say } from "./element.ts";
import { figure, key } from "./legend.ts";
import { measured, type Panel, type View } from "./panel.ts";

/** Accuracy and loss of both networks against steps, and how each of them is. */
export function racePanel(host: HTMLElement, restart: () => void): Panel {
  const charts = MEASURES.map(raceChart);
  const curves = charts.map(measured);
  const standings = CONTESTANTS.map((name) => standing(name, restart));
  host.append(...charts.map((chart) => chart.element), ...standings.map((line) => line.element));
  return {
    draw(view) {
      for (const part of [...curves, ...standings]) part.draw(view);
    },
  };
}

function raceChart({ title, most, ticks, format, of, say: words }: Measure): Panel & { element: HTMLElement } {
  const values = { with: element("output"), without: element("output") };
  const readings = CONTESTANTS.map((name) => element("span", { class: "reading" }, key(name), values[name]));
  const { element: whole, plot, describe } = figure("tall", element("h3", {}, title), ...readings);
  const lines = new Lines(plot, {
    lines: [
      { colour: "without", width: 2 },
      { colour: "with", width: 2 },
    ],
    ticks: () => ticks,
    format,
  });
  return {
    element: whole,
    draw({ contestants }) {
      const [withNorm, without] = CONTESTANTS.map((name) => contestants?.[name].points ?? []);
      const longer = withNorm.length > without.length ? withNorm : without;
      // What leaves the chart goes along its upper edge.
      const shown = (value: number | null) => (value === null ? null : Math.min(value, most));
      const column = (points: readonly Point[]) => longer.map((_, i) => (points[i] ? shown(of(points[i])) : null));
      const steps = longer.map(({ step }) => step);
      const end = lastStep(steps[steps.length - 1] ?? 0);
      const broken = (["without", "with"] as const).map((name) => contestants?.[name].activity === "diverged");
      lines.draw([steps, column(without), column(withNorm)], [0, end], [0, most], broken);
      const said = CONTESTANTS.map((name) => {
        const value = contestants?.[name].points.map(of).findLast((one) => one !== null);
        const text = value === undefined || value === null ? "–" : words(value);
        say(values[name], text);
        return `${TITLES[name].toLowerCase()} ${text}`;
      });
      describe(`${title} against steps: ${said.join(", ")}`);
    },
  };
}

/** A line under the charts: how fast the network is, or what became of it. */
function standing(name: ContestantName, restart: () => void): Panel & { element: HTMLElement } {
  const words = element("span", { class: "words" });
  const again = button("Restart", restart, { hidden: true });
  const line = element("p", { class: "standing", id: `standing-${name}` }, key(name), words, again);
  return {
    element: line,
    draw({ contestants }: View) {
      const contestant = contestants?.[name];
      say(words, contestant ? becameOf(contestant) : "");
      again.hidden = !contestant?.trouble || contestant.trouble.platform;
      line.classList.toggle("diverged", contestant?.activity === "diverged");
    },
  };
}

/** In a few words. */
export function becameOf({ trouble, ready, activity, step, stepsPerSecond }: Contestant): string {
  if (trouble) return trouble.message;
  if (!ready) return "is getting ready";
  if (activity === "diverged") return `diverged at step ${integer(step)}: loss overflowed`;
  if (activity === "training") return `${integer(stepsPerSecond)} steps/s, at step ${integer(step)}`;
  return step === 0 ? "ready" : `paused at step ${integer(step)}`;
}
