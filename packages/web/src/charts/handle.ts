import { fixed } from "../words.ts";
import { svg } from "./svg.ts";

export interface HandleOptions {
  readonly label: string;
  readonly className: string;
  readonly least: number;
  readonly most: number;
  /** Of one press of an arrow key; with Shift ten times as far. */
  readonly step: number;
  /** The value at a place on the screen. */
  readonly valueAt: (clientX: number) => number;
  readonly change: (value: number) => void;
}

/** Something that is dragged along an axis, or moved with the arrow keys: to a screen reader, a slider. */
export class Handle {
  readonly element: SVGGElement;
  readonly #options: HandleOptions;
  #value = 0;

  constructor(options: HandleOptions, ...shapes: readonly SVGElement[]) {
    const { label, className, least, most } = options;
    this.#options = options;
    this.element = svg(
      "g",
      {
        class: `handle ${className}`,
        role: "slider",
        tabindex: 0,
        "aria-label": label,
        "aria-valuemin": least,
        "aria-valuemax": most,
      },
      // A finger needs more room than an eye.
      svg("circle", { r: 18, class: "reach" }),
      ...shapes,
    );
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.element.focus();
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.#move(options.valueAt(event.clientX));
    });
    this.element.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param value  what it stands for, @param x @param y  where it is, in the picture's units */
  put(value: number, x: number, y: number): void {
    this.#value = value;
    this.element.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    this.element.setAttribute("aria-valuenow", value.toFixed(2));
    this.element.setAttribute("aria-valuetext", fixed(value, 2));
  }

  #press(event: KeyboardEvent): void {
    const { step, least, most } = this.#options;
    const by = step * (event.shiftKey ? 10 : 1);
    const targets: Record<string, number> = {
      ArrowRight: this.#value + by,
      ArrowUp: this.#value + by,
      ArrowLeft: this.#value - by,
      ArrowDown: this.#value - by,
      Home: least,
      End: most,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#move(target);
  }

  #move(value: number): void {
    const { least, most, change } = this.#options;
    change(Math.min(Math.max(Math.round(value * 100) / 100, least), most));
  }
}
