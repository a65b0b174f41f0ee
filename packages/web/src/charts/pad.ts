import { colour, onSchemeChange } from "./colours.ts";

/** Pixels of the pen's radius. */
const PEN = 1.15;

/** A square of pixels that is drawn in with a mouse, a finger or a pen. */
export class Pad {
  readonly element: HTMLCanvasElement;
  readonly #side: number;
  readonly #pixels: Uint8Array;
  readonly #changed: (pixels: Uint8Array) => void;
  /** Where the pen was last, in pixels; null while it is up. */
  #pen: { x: number; y: number } | null = null;
  /** What is there now was put there: the first stroke begins anew. */
  #given = false;

  /** @param changed  called after every stroke's step with a view of [side · side] pixels, 0 or 1 */
  constructor(side: number, changed: (pixels: Uint8Array) => void) {
    this.#side = side;
    this.#pixels = new Uint8Array(side * side);
    this.#changed = changed;
    this.element = document.createElement("canvas");
    this.element.width = this.element.height = side;
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", "A field to draw a digit in, with a mouse, a finger or a pen");
    this.element.addEventListener("pointerdown", (event) => this.#down(event));
    this.element.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      this.element.addEventListener(end, () => {
        this.#pen = null;
      });
    }
    onSchemeChange(() => this.#paint());
  }

  clear(): void {
    this.#pixels.fill(0);
    this.#paint();
  }

  set(pixels: Uint8Array): void {
    this.#pixels.set(pixels);
    this.#given = true;
    this.#paint();
  }

  #down(event: PointerEvent): void {
    if (this.#given) this.#pixels.fill(0);
    this.#given = false;
    this.element.setPointerCapture(event.pointerId);
    this.#pen = this.#at(event);
    this.#stroke(this.#pen, this.#pen);
  }

  #move(event: PointerEvent): void {
    if (!this.#pen) return;
    const to = this.#at(event);
    this.#stroke(this.#pen, to);
    this.#pen = to;
  }

  #at({ clientX, clientY }: PointerEvent): { x: number; y: number } {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return { x: ((clientX - left) / width) * this.#side, y: ((clientY - top) / height) * this.#side };
  }

  #stroke(from: { x: number; y: number }, to: { x: number; y: number }): void {
    const dots = Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)) + 1;
    for (let i = 0; i < dots; i++) {
      const share = dots === 1 ? 1 : i / (dots - 1);
      this.#dot(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y));
    }
    this.#paint();
    this.#changed(this.#pixels);
  }

  #dot(x: number, y: number): void {
    for (let row = Math.floor(y - PEN); row <= y + PEN; row++) {
      for (let column = Math.floor(x - PEN); column <= x + PEN; column++) {
        const near = Math.hypot(column + 0.5 - x, row + 0.5 - y) <= PEN;
        const inside = row >= 0 && row < this.#side && column >= 0 && column < this.#side;
        if (near && inside) this.#pixels[row * this.#side + column] = 1;
      }
    }
  }

  #paint(): void {
    const context = this.element.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, this.#side, this.#side);
    context.fillStyle = colour("ink");
    for (const [i, pixel] of this.#pixels.entries()) {
      if (pixel) context.fillRect(i % this.#side, Math.floor(i / this.#side), 1, 1);
    }
  }
}
