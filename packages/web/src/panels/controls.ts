import { type Experiment, LIMITS, MOST_LAYERS } from "../state/experiment.ts";
import { setting } from "../words.ts";
import { choice } from "./choice.ts";
import { element } from "./element.ts";
import { layerSwitches } from "./layers.ts";
import type { Panel } from "./panel.ts";
import { slider } from "./slider.ts";

const VALUES = {
  learningRate: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
  sigma: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  batchSize: [2, 4, 8, 16, 32, 60, 128, 256, 500],
  width: [10, 25, 50, 100, 200],
  layers: Array.from({ length: MOST_LAYERS }, (_, i) => i + 1),
};

/** Everything of an experiment that can be turned. */
export function controlsPanel(host: HTMLElement, change: (change: Partial<Experiment>) => void): Panel {
  let norms: readonly boolean[] = [];
  const learningRate = number("Learning rate", VALUES.learningRate, (value) => change({ learningRate: value }));
  const sigma = number("Initial weights, σ", VALUES.sigma, (value) => change({ sigma: value }));
  const batchSize = number("Batch size", VALUES.batchSize, (value) => change({ batchSize: value }));
  const layers = number("Hidden layers", VALUES.layers, (value) => change({ norms: resized(norms, value) }));
  const width = number("Units a layer", VALUES.width, (value) => change({ width: value }));
  const switches = layerSwitches((value) => change({ norms: value }));
  const activation = choice(
    "Activation",
    "activation",
    [
      ["sigmoid", "sigmoid"],
      ["tanh", "tanh"],
      ["relu", "ReLU"],
    ],
    (value) => change({ activation: value }),
  );
  const statistics = choice(
    "When tested, normalize by",
    "statistics",
    [
      ["running", "averages kept"],
      ["batch", "each batch"],
    ],
    (value) => change({ statistics: value }),
  );
  const seed = seedField((value) => change({ seed: value }));
  const all = [learningRate, sigma, batchSize, activation, layers, width, switches, statistics, seed];
  host.append(...all.map((control) => control.element));
  host.addEventListener("submit", (event) => event.preventDefault());
  return {
    draw({ experiment }) {
      ({ norms } = experiment);
      learningRate.set(experiment.learningRate);
      sigma.set(experiment.sigma);
      batchSize.set(experiment.batchSize);
      activation.set(experiment.activation);
      layers.set(norms.length);
      width.set(experiment.width);
      switches.set(norms);
      statistics.set(experiment.statistics);
      seed.set(experiment.seed);
    },
  };
}

function number(label: string, values: readonly number[], change: (value: number) => void) {
  return slider({ label, values, format: setting, change });
}

/** A layer more is like the last one. */
function resized(norms: readonly boolean[], length: number): boolean[] {
  return Array.from({ length }, (_, i) => norms[Math.min(i, norms.length - 1)]);
}

function seedField(change: (seed: number) => void) {
  const { least, most } = LIMITS.seed;
  const input = element("input", { type: "number", id: "seed", min: least, max: most, step: 1, inputmode: "numeric" });
  input.addEventListener("change", () => {
    const value = Math.round(input.valueAsNumber);
    const seed = Number.isFinite(value) ? Math.min(Math.max(value, least), most) : least;
    input.value = String(seed);
    change(seed);
  });
  return {
    element: element("div", { class: "field" }, element("label", { for: "seed" }, "Seed"), input),
    set(value: number) {
      // Not while a person types into it.
      if (document.activeElement !== input) input.value = String(value);
    },
  };
}
