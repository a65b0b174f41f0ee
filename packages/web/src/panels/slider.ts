import { element, say } from "./element.ts";

export interface SliderOptions {
  readonly label: string;
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  readonly change: (value: number) => void;
}

export interface Slider {
  readonly element: HTMLElement;
  set(value: number): void;
}

let made = 0;

/** A slider over a list of values; one that is not in the list, from an address, is shown at the nearest place. */
export function slider({ label, values, format, change }: SliderOptions): Slider {
  const id = `slider-${made++}`;
  const input = element("input", { type: "range", id, min: 0, max: values.length - 1, step: 1 });
  const output = element("output", { for: id });
  input.addEventListener("input", () => change(values[Number(input.value)]));
  return {
    element: element("div", { class: "slider" }, element("label", { for: id }, label), output, input),
    set(value) {
      const place = String(nearest(values, value));
      if (input.value !== place) input.value = place;
      input.setAttribute("aria-valuetext", format(value));
      say(output, format(value));
    },
  };
}

function nearest(values: readonly number[], value: number): number {
  const distance = (i: number) => Math.abs(values[i] - value);
  return values.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0);
}
