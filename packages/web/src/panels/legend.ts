import { type ContestantName, TITLES } from "../state/contestants.ts";
import { element } from "./element.ts";

/** A network's name beside its colour. */
export function key(name: ContestantName, text: string = TITLES[name]): HTMLElement {
  return element("span", { class: `key ${name}` }, text);
}

/** A chart with a title above it and, for people who do not see it, words in its place. */
export interface Figure {
  readonly element: HTMLElement;
  /** Where the chart goes. */
  readonly plot: HTMLElement;
  /** Says what the chart shows. */
  describe(words: string): void;
}

export function figure(className: string, ...heading: readonly (Node | string)[]): Figure {
  const plot = element("div", { class: `plot ${className}`, role: "img" });
  return {
    element: element("figure", {}, element("figcaption", {}, ...heading), plot),
    plot,
    describe(words) {
      if (plot.getAttribute("aria-label") !== words) plot.setAttribute("aria-label", words);
    },
  };
}
