import { Strip } from "../charts/strip.ts";
import type { Spread } from "../network/spread.ts";
import { CONTESTANTS, type ContestantName } from "../state/contestants.ts";
import { MOST_LAYERS } from "../state/experiment.ts";
import { fixed, percent } from "../words.ts";
import { element, say } from "./element.ts";
import { key } from "./legend.ts";
import type { Panel } from "./panel.ts";

/** For each hidden layer a strip: how the inputs of its activations are distributed now. */
export function stripsPanel(host: HTMLElement): Panel {
  const columns = CONTESTANTS.map((name) => ({ name, ...column(name) }));
  host.append(...columns.map((one) => one.element));
  return {
    draw({ experiment, contestants }) {
      for (const { name, draw } of columns) draw(experiment.norms.length, contestants?.[name].spreads ?? []);
    },
  };
}

function column(name: ContestantName) {
  const rows = Array.from({ length: MOST_LAYERS }, (_, i) => row(i));
  const list = element("ol", { class: `layers ${name}` }, ...rows.map((one) => one.element));
  const axis = element(
    "div",
    { class: "axis", "aria-hidden": "true" },
    ...["−8", "0", "8"].map((text) => element("span", {}, text)),
  );
  return {
    element: element("figure", {}, element("figcaption", {}, key(name)), list, axis),
    draw(layers: number, spreads: readonly Spread[]) {
      for (const [i, one] of rows.entries()) {
        one.element.hidden = i >= layers;
        one.draw(spreads[i]);
      }
    },
  };
}

function row(index: number) {
  const strip = new Strip();
  const numbers = element("span", { class: "numbers" });
  return {
    element: element("li", {}, element("span", { class: "layer" }, `Layer ${index + 1}`), strip.element, numbers),
    draw(spread: Spread | undefined) {
      strip.draw(spread);
      say(numbers, spread ? inWords(spread) : "");
    },
  };
}

function inWords({ mean, deviation, beyond }: Spread): string {
  const digits = decimalsFor(deviation);
  const spread = `${fixed(mean, digits)} ± ${fixed(deviation, digits)}`;
  return beyond > 0.001 ? `${spread}, ${percent(beyond)} outside` : spread;
}

/** As many as say something of a distribution that is so wide: two for one around 1. */
function decimalsFor(deviation: number): number {
  return deviation > 0 ? Math.min(Math.max(Math.ceil(-Math.log10(deviation)) + 1, 0, deviation < 10 ? 2 : 0), 6) : 2;
}
