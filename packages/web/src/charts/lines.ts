import uPlot from "uplot";
import { integer } from "../words.ts";
import { type Colour, colour, onSchemeChange } from "./colours.ts";

export interface Line {
  readonly colour: Colour;
  /** CSS pixels; 0 for the edge of a band */
  readonly width: number;
}

export interface LinesOptions {
  readonly lines: readonly Line[];
  /** between the lines of these two numbers, counted from 0 */
  readonly band?: { readonly lines: readonly [number, number]; readonly colour: Colour };
  /** of the vertical axis */
  readonly ticks: (range: readonly [number, number]) => readonly number[];
  readonly format: (value: number) => string;
}

/** Steps, then the values of each line; null where there is none. */
export type LineData = readonly (readonly (number | null)[])[];

const FONT = '13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
/** Diameter of the dot at a line's end, in CSS pixels. */
const DOT = 9;
const AXIS_WIDTH = 48;
const AXIS_HEIGHT = 32;

/** Curves over steps, on a canvas that is as large as its element. */
export class Lines {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #range: { x: [number, number]; y: [number, number] } = { x: [0, 100], y: [0, 1] };
  #broken: readonly boolean[] = [];

  constructor(host: HTMLElement, options: LinesOptions) {
    this.#host = host;
    const range = this.#range;
    const axis = { stroke: () => colour("muted"), font: FONT, ticks: { show: false }, gap: 8 };
    const grid = { stroke: () => colour("grid"), width: 1 };
    const { band } = options;
    this.#plot = new uPlot(
      {
        ...sizeOf(host),
        padding: [12, 24, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: () => range.x }, y: { range: () => range.y } },
        axes: [
          {
            ...axis,
            size: AXIS_HEIGHT,
            grid: { show: false },
            splits: () => [0, range.x[1] / 2, range.x[1]],
            values: (_, steps) => steps.map((step) => (step === 0 ? "step 0" : integer(step))),
          },
          {
            ...axis,
            size: AXIS_WIDTH,
            grid,
            splits: () => [...options.ticks(range.y)],
            values: (_, values) => values.map(options.format),
          },
        ],
        series: [{}, ...options.lines.map((line) => series(line, (index) => this.#broken[index - 1] ?? false))],
        ...(band
          ? { bands: [{ series: [band.lines[0] + 1, band.lines[1] + 1], fill: () => colour(band.colour) }] }
          : {}),
      },
      [[], ...options.lines.map(() => [])],
      host,
    );
    new ResizeObserver(() => this.#plot.setSize(sizeOf(host))).observe(host);
    onSchemeChange(() => this.#plot.redraw(false));
  }

  /** @param broken  for each line, whether its last point gets a dot: it ends there, maybe soon after its start */
  draw(
    data: LineData,
    x: readonly [number, number],
    y: readonly [number, number],
    broken: readonly boolean[] = [],
  ): void {
    this.#broken = broken;
    this.#range.x = [...x];
    this.#range.y = [...y];
    // A curve begins with its second point.
    this.#host.classList.toggle("empty", data[0].length < 2);
    this.#plot.setData(data as uPlot.AlignedData);
  }
}

/** @param isBroken  of the series with an index */
function series({ colour: name, width }: Line, isBroken: (index: number) => boolean): uPlot.Series {
  const filter: uPlot.Series.Points.Filter = ({ data }, index) => {
    const last = isBroken(index) ? data[index].findLastIndex((value) => typeof value === "number") : -1;
    return last < 0 ? null : [last];
  };
  const points = { show: false, filter, size: DOT, width: 0, fill: () => colour(name) };
  return { stroke: () => (width > 0 ? colour(name) : "transparent"), width, points, spanGaps: false };
}

function sizeOf(host: HTMLElement): { width: number; height: number } {
  return { width: Math.max(host.clientWidth, 80), height: Math.max(host.clientHeight, 80) };
}
