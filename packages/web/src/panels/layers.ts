import { MOST_LAYERS } from "../state/experiment.ts";
import { element } from "./element.ts";

export interface LayerSwitches {
  readonly element: HTMLElement;
  set(norms: readonly boolean[]): void;
}

/** Which hidden layers have batch norm, in the network that has any. */
export function layerSwitches(change: (norms: readonly boolean[]) => void): LayerSwitches {
  const inputs = Array.from({ length: MOST_LAYERS }, () => element("input", { type: "checkbox", class: "unseen" }));
  const labels = inputs.map((input, i) =>
    element("label", {}, input, element("span", {}, element("span", { class: "unseen" }, "Layer "), String(i + 1))),
  );
  let count = 0;
  for (const input of inputs) {
    input.addEventListener("change", () => change(inputs.slice(0, count).map(({ checked }) => checked)));
  }
  return {
    element: element(
      "fieldset",
      { class: "choice switches" },
      element("legend", {}, "Layers with batch norm"),
      element("div", {}, ...labels),
    ),
    set(norms) {
      count = norms.length;
      for (const [i, input] of inputs.entries()) {
        input.checked = norms[i] ?? false;
        labels[i].hidden = i >= count;
      }
    },
  };
}
