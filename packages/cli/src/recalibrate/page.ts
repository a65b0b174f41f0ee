import { html, Markup } from "../report/html.ts";
import { figure, reportPage, table } from "../report/page.ts";
import { PAGE_THEME } from "../report/theme.ts";
import { integer, plural } from "../words.ts";
import { beforeAfter } from "./beforeafter.ts";
import type { RecalibrationFacts } from "./json.ts";
import { type MovedBatchNorm, middleAndEnds, moved } from "./moved.ts";
import { movedChart } from "./movedchart.ts";

/** What new statistics changed in a model, as a page: all batch norms at a glance, then each with its channels. */
export function recalibrationPage(facts: RecalibrationFacts, version: string): string {
  const { model, samples, onePass, prior, recalibrated, kept } = facts;
  const all = recalibrated.map(moved);
  const name = model.split(/[\\/]/).at(-1) ?? model;
  const share = prior ? ` The old statistics keep a weight of ${prior}.` : "";
  return reportPage({
    eyebrow: "Batch norm, recalibrated",
    title: name,
    notice: null,
    lead: html`New running statistics for ${plural(all.length, "batch norm")} from ${plural(samples, "sample")} without labels, ${onePass ? "all in one pass" : "one layer after another"}.${share}`,
    body: html`${figure(movedChart(all, "shift", "mean moved by, in old standard deviations", PAGE_THEME), html`How far the means moved: median of the channels, their middle nine tenths, and the ends.`)}
${figure(movedChart(all, "stretch", "new standard deviation over the old", PAGE_THEME), html`What the standard deviations were multiplied by.`)}
${table(
  "Median and ends over the channels.",
  "numbers",
  ["Batch norm", "Channels", "Values a channel", "Mean moved by (deviations)", "Deviation times"],
  all.map(({ name, count, channels }) => [
    name,
    integer(channels.length),
    integer(count),
    middleAndEnds(channels.map(({ shift }) => shift)),
    middleAndEnds(channels.map(({ stretch }) => stretch)),
  ]),
)}
${kept.length ? html`<ul>${kept.map((each) => html`<li>${each.name} keeps its statistics: ${each.reason}.</li>`)}</ul>` : null}
${all.map(section)}`,
    footer: html`<p>Made by <code>batchnorm recalibrate</code> ${version}.</p>`,
  });
}

function section({ name, channels }: MovedBatchNorm): Markup {
  const charts = [
    beforeAfter(
      channels.map(({ mean }) => mean),
      "mean",
      PAGE_THEME,
    ),
    beforeAfter(
      channels.map(({ variance }) => [Math.sqrt(variance[0]), Math.sqrt(variance[1])]),
      "standard deviation",
      PAGE_THEME,
    ),
  ];
  return html`<section><h2>${name}</h2>
<div class="histograms">${charts.map(({ svg }) => html`<figure>${new Markup(svg)}</figure>`)}</div></section>`;
}
