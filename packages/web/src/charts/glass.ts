import type { Steps } from "../network/algorithm.ts";
import { Handle } from "./handle.ts";
import { place, svg } from "./svg.ts";

/** The ends of the three axes are −REACH and REACH. */
export const REACH = 5;
const HEIGHT = 300;
const LEFT = 36;
const RIGHT = 20;
/** Where the three axes are, from the top. */
const AXES = { x: 48, normalized: 144, y: 240 };
const TARGETS = AXES.y + 40;
const NAMES = { x: "x", normalized: "x̂", y: "y" };
/** Arrows stand one above the other: two rarely hide each other. */
const ARROWS = { first: 16, apart: 5 };

export interface GlassHandlers {
  moveInput(index: number, value: number): void;
  moveTarget(index: number, value: number): void;
}

/** A few numbers on three axes: as they come, normalized, and as they leave; with what the loss wants of them. */
export class GlassPicture {
  readonly element: SVGSVGElement;
  readonly #inputs: Handle[];
  readonly #targets: Handle[];
  readonly #normalized: SVGGElement[];
  readonly #outputs: SVGGElement[];
  readonly #paths: SVGPathElement[];
  readonly #inputArrows: SVGPathElement[];
  readonly #outputArrows: SVGPathElement[];
  readonly #axes = svg("g", { class: "axes" });
  readonly #band = svg("rect", { class: "deviation", height: 12 });
  readonly #mean = svg("g", { class: "mean" }, svg("path", { d: "M0 -22V14" }), svg("text", { y: -28 }, "μ"));
  #width = 480;

  constructor(count: number, handlers: GlassHandlers) {
    const each = <T>(make: (index: number) => T) => Array.from({ length: count }, (_, i) => make(i));
    const valueAt = (clientX: number) => this.#valueAt(clientX);
    const common = { least: -REACH, most: REACH, step: 0.1, valueAt };
    this.#inputs = each((i) => {
      const change = (value: number) => handlers.moveInput(i, value);
      return new Handle({ ...common, className: "input", label: `Input x${i + 1}`, change }, ...dot(i));
    });
    this.#targets = each((i) => {
      const change = (value: number) => handlers.moveTarget(i, value);
      const shape = svg("path", { d: "M0 -11L10 0L0 11L-10 0Z" });
      return new Handle({ ...common, className: "target", label: `Target of y${i + 1}`, change }, shape, number(i));
    });
    this.#normalized = each((i) => svg("g", { class: "dot" }, ...dot(i)));
    this.#outputs = each((i) => svg("g", { class: "dot" }, ...dot(i)));
    this.#paths = each(() => svg("path", { class: "path" }));
    this.#inputArrows = each(() => svg("path", { class: "arrow" }));
    this.#outputArrows = each(() => svg("path", { class: "arrow" }));
    this.element = svg(
      "svg",
      { height: HEIGHT, role: "group", "aria-label": "Five numbers before, in and after batch norm" },
      this.#band,
      ...this.#paths,
      this.#axes,
      this.#mean,
      ...this.#normalized,
      ...this.#outputs,
      ...this.#targets.map((handle) => handle.element),
      ...this.#inputs.map((handle) => handle.element),
      ...this.#inputArrows,
      ...this.#outputArrows,
    );
  }

  /** @param width  in CSS pixels, which are the picture's units */
  resize(width: number): void {
    this.#width = width;
    this.element.setAttribute("width", String(width));
    this.element.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#axes.replaceChildren(...(["x", "normalized", "y"] as const).flatMap((axis) => this.#axis(axis)));
  }

  draw(inputs: readonly number[], targets: readonly number[], steps: Steps): void {
    const { mean, variance, normalized, outputs, inputGradients, outputGradients } = steps;
    const deviation = Math.sqrt(variance);
    const left = this.#at(mean - deviation);
    this.#band.setAttribute("x", place(left));
    this.#band.setAttribute("y", place(AXES.x - 6));
    this.#band.setAttribute("width", place(this.#at(mean + deviation) - left));
    this.#mean.setAttribute("transform", `translate(${place(this.#at(mean))} ${AXES.x})`);
    for (const [i, input] of inputs.entries()) {
      const height = ARROWS.first + ARROWS.apart * i;
      const [x, middle, y] = [input, normalized[i], outputs[i]].map((value) => this.#at(value));
      this.#inputs[i].put(input, x, AXES.x);
      this.#targets[i].put(targets[i], this.#at(targets[i]), TARGETS);
      this.#normalized[i].setAttribute("transform", `translate(${place(middle)} ${AXES.normalized})`);
      this.#outputs[i].setAttribute("transform", `translate(${place(y)} ${AXES.y})`);
      this.#paths[i].setAttribute(
        "d",
        `M${place(x)} ${AXES.x}L${place(middle)} ${AXES.normalized}L${place(y)} ${AXES.y}`,
      );
      this.#inputArrows[i].setAttribute("d", this.#arrow(x, AXES.x + height, inputGradients[i]));
      this.#outputArrows[i].setAttribute("d", this.#arrow(y, AXES.y - height, outputGradients[i]));
    }
  }

  #axis(name: keyof typeof AXES): SVGElement[] {
    const y = AXES[name];
    const ends = [-REACH, 0, REACH].map((value) => {
      const text = String(value).replace("-", "−");
      return svg("text", { x: this.#at(value), y: y + 30, class: "tick" }, text);
    });
    return [
      svg("path", { d: `M${this.#at(-REACH)} ${y}H${this.#at(REACH)}` }),
      svg("path", { d: `M${this.#at(0)} ${y - 4}V${y + 4}` }),
      svg("text", { x: 4, y: y + 5, class: "name" }, NAMES[name]),
      ...(name === "normalized" ? ends : []),
    ];
  }

  /** From a place along an axis against its gradient, as far as the gradient is large; none where there is next to none. */
  #arrow(x: number, y: number, gradient: number): string {
    const length = this.#at(-gradient) - this.#at(0);
    if (!(Math.abs(length) >= 4)) return "";
    const tip = Math.min(Math.max(x + length, 4), this.#width - 4);
    const back = Math.min(4, Math.abs(length)) * -Math.sign(length);
    return `M${place(x)} ${y}H${place(tip)}m${place(back)} -4L${place(tip)} ${y}l${place(back)} 4`;
  }

  /** Values beyond the ends stay at the ends. */
  #at(value: number): number {
    const share = (Math.min(Math.max(value, -REACH), REACH) + REACH) / (2 * REACH);
    return LEFT + share * (this.#width - LEFT - RIGHT);
  }

  #valueAt(clientX: number): number {
    const { left, width } = this.element.getBoundingClientRect();
    const x = ((clientX - left) / width) * this.#width;
    return ((x - LEFT) / (this.#width - LEFT - RIGHT)) * 2 * REACH - REACH;
  }
}

function dot(index: number): SVGElement[] {
  return [svg("circle", { r: 9 }), number(index)];
}

function number(index: number): SVGElement {
  return svg("text", { y: 4.5, "aria-hidden": "true" }, String(index + 1));
}
