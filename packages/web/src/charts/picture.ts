import { integer } from "../words.ts";
import { shareOf } from "./scales.ts";

/** One of the charts of a picture that is saved. */
export interface PictureChart {
  readonly title: string;
  readonly most: number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  readonly lines: readonly PictureLine[];
}

export interface PictureLine {
  readonly colour: string;
  readonly points: readonly (readonly [number, number])[];
  /** whether its last point gets a dot: it ends there, maybe soon after its start */
  readonly broken: boolean;
}

export interface PictureTheme {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
}

export const PICTURE_WIDTH = 960;
export const PICTURE_HEIGHT = 400;
const CHART = { width: 400, height: 240, top: 88 };
const LEFTS = [64, 536];

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * The race as the text of an SVG file.
 *
 * @param legend  a name and its colour for each network
 * @param caption what was trained
 */
export function picture(
  charts: readonly PictureChart[],
  legend: readonly { readonly name: string; readonly colour: string }[],
  caption: string,
  lastStep: number,
  { ink, muted, grid, background }: PictureTheme,
): string {
  const keys = legend.map(({ name, colour }, i) => {
    const x = LEFTS[0] + 176 * i;
    return `<rect x="${x}" y="24" width="12" height="12" rx="2" fill="${colour}"/><text x="${x + 20}" y="35" fill="${ink}">${escaped(name)}</text>`;
  });
  const drawn = charts.map((chart, i) => drawChart(chart, LEFTS[i], lastStep, { ink, muted, grid, background }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE_WIDTH}" height="${PICTURE_HEIGHT}" viewBox="0 0 ${PICTURE_WIDTH} ${PICTURE_HEIGHT}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="${background}"/>`,
    ...keys,
    ...drawn,
    `<text x="${LEFTS[0]}" y="${PICTURE_HEIGHT - 20}" fill="${muted}">${escaped(caption)}</text>`,
    "</svg>",
  ].join("\n");
}

function drawChart(chart: PictureChart, left: number, lastStep: number, theme: PictureTheme): string {
  const { width, height, top } = CHART;
  const across = (step: number) => (left + width * shareOf(step, 0, lastStep)).toFixed(1);
  const down = (value: number) => (top + height * (1 - Math.min(shareOf(value, 0, chart.most), 1))).toFixed(1);
  const rules = chart.ticks.map((tick) => {
    const text = `<text x="${left - 8}" y="${Number(down(tick)) + 4}" fill="${theme.muted}" text-anchor="end">${escaped(chart.format(tick))}</text>`;
    return `<path d="M${left} ${down(tick)}h${width}" stroke="${theme.grid}"/>${text}`;
  });
  const steps = [0, lastStep / 2, lastStep].map((step) => {
    return `<text x="${across(step)}" y="${top + height + 20}" fill="${theme.muted}" text-anchor="middle">${integer(step)}</text>`;
  });
  const lines = chart.lines.map(({ colour, points, broken }) => {
    const places = points.map(([step, value]) => `${across(step)},${down(value)}`).join(" ");
    const line = `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`;
    const last = broken ? points.at(-1) : undefined;
    return last ? `${line}<circle cx="${across(last[0])}" cy="${down(last[1])}" r="4.5" fill="${colour}"/>` : line;
  });
  return [
    `<text x="${left}" y="${top - 20}" fill="${theme.ink}" font-weight="600">${escaped(chart.title)}</text>`,
    ...rules,
    ...steps,
    ...lines,
  ].join("\n");
}
