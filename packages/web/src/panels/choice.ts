import { element } from "./element.ts";

export interface Choice<T extends string> {
  readonly element: HTMLElement;
  set(value: T): void;
}

/** One of a few values, side by side. */
export function choice<T extends string>(
  legend: string,
  name: string,
  options: readonly (readonly [value: T, label: string])[],
  change: (value: T) => void,
): Choice<T> {
  const inputs = options.map(([value]) => element("input", { type: "radio", name, value, class: "unseen" }));
  const labels = options.map(([, label], i) => element("label", {}, inputs[i], element("span", {}, label)));
  for (const [i, input] of inputs.entries()) input.addEventListener("change", () => change(options[i][0]));
  return {
    element: element("fieldset", { class: "choice" }, element("legend", {}, legend), element("div", {}, ...labels)),
    set(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}
