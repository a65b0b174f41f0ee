import { type PlotOptions, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { FILE_THEME, FONT, type Theme } from "./theme.ts";

/** Of a chart, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A drawn chart: an `<svg>` element as text, and its natural size in pixels. */
export interface Panel extends Size {
  readonly svg: string;
}

/** A picture that stands for itself in a file. */
export interface Figure {
  /** file name without its ending */
  readonly name: string;
  readonly svg: string;
}

/** Draws a chart; `description` is read to people who do not see it. */
export function draw(options: PlotOptions & Size, theme: Theme, description: string): Panel {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = plot({ ...options, document: document as unknown as Document });
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  svg.setAttribute("font-family", FONT);
  svg.setAttribute("font-size", "12");
  svg.setAttribute("fill", theme.ink);
  svg.setAttribute("color", theme.ink);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", description);
  return { svg: svg.outerHTML, width: options.width, height: options.height };
}

/** A panel with its place in a figure, in pixels from the top left corner. */
export interface Placed {
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
}

/** A line of text in a figure. */
export interface Caption {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly bold?: boolean;
}

/** Puts panels and captions on one white sheet: a whole SVG file that looks the same on any background. */
export function sheet(
  width: number,
  height: number,
  panels: readonly Placed[],
  captions: readonly Caption[],
  description: string,
): string {
  const texts = captions.map(({ text, x, y, bold }) => {
    const style = bold ? `font-size="14" font-weight="600" fill="${FILE_THEME.ink}"` : `fill="${FILE_THEME.muted}"`;
    return `<text x="${x}" y="${y}" ${style}>${escapeXml(text)}</text>`;
  });
  const nested = panels.map(({ panel, x, y }) => panel.svg.replace("<svg ", `<svg x="${x}" y="${y}" `));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family='${FONT}' font-size="12" role="img" aria-label="${escapeXml(description)}">`,
    `<rect width="${width}" height="${height}" fill="${FILE_THEME.background}"/>`,
    ...texts,
    ...nested,
    "</svg>\n",
  ].join("\n");
}

/** Text made safe for element content and for attributes in double quotes. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
