import { BINS, type Spread } from "../network/spread.ts";
import { place, svg } from "./svg.ts";

const WIDTH = 256;
const HEIGHT = 40;
/** The share of values in one of the bins that fills the height: a narrower peak is cut off. */
const FULL = 0.16;

/** The outline of a distribution from −8 to 8, over a line. */
export class Strip {
  readonly element: SVGSVGElement;
  readonly #area: SVGPathElement;

  constructor() {
    this.#area = svg("path", { class: "area" });
    this.element = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "strip" },
      svg("path", { class: "middle", d: `M${WIDTH / 2} 0V${HEIGHT}` }),
      this.#area,
      svg("path", { class: "ground", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }),
    );
  }

  draw(spread: Spread | undefined): void {
    this.#area.setAttribute("d", spread ? outline(spread.shares) : "");
  }
}

/** Through the middle of each bin. */
function outline(shares: Float32Array): string {
  const each = WIDTH / BINS;
  const points = Array.from(shares, (share, bin) => {
    const height = Math.min(share / FULL, 1) * (HEIGHT - 2);
    return `${place((bin + 0.5) * each)} ${place(HEIGHT - height)}`;
  });
  return `M0 ${HEIGHT}L${points.join("L")}L${WIDTH} ${HEIGHT}Z`;
}
