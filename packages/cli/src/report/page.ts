import type { Recorded } from "../results/recorded.ts";
import { integer } from "../words.ts";
import { html, Markup } from "./html.ts";
import { STYLE } from "./style.ts";
import type { Panel } from "./svg.ts";

/** What a report consists of, from top to bottom. */
export interface Report {
  readonly eyebrow: string;
  readonly title: string;
  /** what has to be said before anything else */
  readonly notice: Markup | null;
  readonly lead: Markup;
  readonly body: Markup;
  readonly footer: Markup;
}

/** A whole report: one HTML file that needs nothing beside it. */
export function reportPage({ eyebrow, title, notice, lead, body, footer }: Report): string {
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<p class="eyebrow">${eyebrow}</p>
<h1>${title}</h1>
${notice}
<p class="lead">${lead}</p>
${body}
<footer>
${footer}
</footer>
</main>
</body>
</html>`.text
  }\n`;
}

/** The report of an experiment of the paper. */
export function experimentPage(results: Recorded<string>, title: string, lead: Markup, body: Markup): string {
  const { data, software } = results;
  const command = `batchnorm reproduce ${results.experiment}${results.quick ? " --quick" : ""} --seed ${results.seed}`;
  return reportPage({
    eyebrow: "Batch normalization (Ioffe & Szegedy, 2015), reproduced",
    title,
    notice: results.quick
      ? html`<p class="preview">A preview made with <code>--quick</code>: the same work at a fraction of the steps. Its numbers are not the experiment’s.</p>`
      : null,
    lead,
    body,
    footer: html`<p>Data: ${data.name}, ${integer(data.trainingImages)} training and ${integer(data.testImages)} test images of ${data.side} × ${data.side} pixels${form(data)}.</p>
<p>Made by <code>${command}</code> with batchnorm ${software.batchnorm} on Node ${software.node.replace("v", "")}. The same command with the same seed repeats it.</p>`,
  });
}

function form({ threshold }: Recorded<string>["data"]): string {
  if (threshold === null) return ", in colours that have mean 0 and standard deviation 1 over the images trained on";
  return `, made binary: a grey level of ${threshold} or more of 255 became 1, any other 0`;
}

/** A chart with its caption. */
export function figure(panel: Panel, caption: Markup, className = ""): Markup {
  return html`<figure class="${className}">${new Markup(panel.svg)}<figcaption>${caption}</figcaption></figure>`;
}

/** A table; "text" columns keep the width that sentences need, "numbers" are as narrow as they can be. */
export function table(
  caption: string,
  columns: "text" | "numbers",
  head: readonly string[],
  rows: readonly (readonly (string | Markup)[])[],
): Markup {
  const row = ([first, ...cells]: readonly (string | Markup)[]) =>
    html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
  return html`<p class="note">${caption}</p>
<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table class="${columns}">
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(row)}</tbody>
</table></div>`;
}

export const WITH = html`<span class="with">with batch norm</span>`;
export const WITHOUT = html`<span class="without">without</span>`;
