import type { Finding } from "batchnorm/diagnose";
import { html, Markup } from "../report/html.ts";
import { reportPage, table } from "../report/page.ts";
import { PAGE_THEME } from "../report/theme.ts";
import { integer, plural } from "../words.ts";
import { histogram } from "./histogram.ts";
import type { InspectedBatchNorm, Inspection } from "./inspection.ts";
import { foldWords, range, short } from "./lines.ts";

/** A model's batch norms as a page: a table of all, then each with its histograms and findings. */
export function inspectionPage(inspection: Inspection, version: string): string {
  const { path, format, assumedEps, batchNorms } = inspection;
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const tells = format === "ONNX";
  const findings = batchNorms.flatMap((bn) => bn.findings);
  const worst = (["error", "warning"] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count ? [plural(count, severity)] : [];
  });
  return reportPage({
    eyebrow: "Batch norm, inspected",
    title: name,
    notice: null,
    lead: html`${plural(batchNorms.length, "batch norm")} in this ${format} file: ${worst.length ? worst.join(" and ") : "nothing wrong found"}.`,
    body: html`${table(
      `Smallest and largest value over the channels. Scale is γ/√(variance + ε), what each channel is multiplied by.${tells ? "" : " A state dict does not tell ε: it is taken as marked with ?."}`,
      "numbers",
      ["Batch norm", "Findings", "Channels", "ε", "γ", "Mean", "Variance", "Scale", ...(tells ? ["Foldable"] : [])],
      batchNorms.map((bn) => [
        html`<a href="#${anchor(bn)}">${bn.name || "(the whole)"}</a>`,
        bn.findings.length ? [...new Set(bn.findings.map(({ severity }) => severity))].join(", ") : "–",
        short(bn.channels),
        bn.eps === null ? `${short(assumedEps)}?` : short(bn.eps),
        range(bn.summaries.gamma),
        range(bn.summaries.mean),
        range(bn.summaries.variance),
        range(bn.summaries.scale),
        ...(tells ? [foldWords(bn)] : []),
      ]),
    )}
${batchNorms.map(section)}`,
    footer: html`<p>Made by <code>batchnorm inspect</code> ${version}.</p>`,
  });
}

function anchor({ name }: InspectedBatchNorm): string {
  return `bn-${name.replace(/[^\w.-]+/g, "-")}`;
}

function section(bn: InspectedBatchNorm): Markup {
  const { gamma, mean, variance, scale, eps } = bn;
  const logs = (values: ArrayLike<number>) =>
    Array.from(values)
      .filter((v) => v > 0 && Number.isFinite(v))
      .map(Math.log10);
  const finite = (values: ArrayLike<number>) => Array.from(values).filter(Number.isFinite);
  const charts = [
    gamma && histogram(finite(gamma), "γ", [], PAGE_THEME),
    mean && histogram(finite(mean), "mean", [], PAGE_THEME),
    variance && histogram(logs(variance), "log₁₀ variance (line: ε)", eps ? [Math.log10(eps)] : [], PAGE_THEME),
    scale && histogram(logs(Array.from(scale, Math.abs)), "log₁₀ |scale|", [], PAGE_THEME),
  ].filter((panel) => panel !== null);
  return html`<section id="${anchor(bn)}"><h2>${bn.name || "(the whole)"}</h2>
<p class="note">${bn.channels === null ? "" : `${integer(bn.channels)} channels. `}${bn.fold ? `Foldable: ${foldWords(bn)}.` : ""}</p>
<div class="histograms">${charts.map(({ svg }) => html`<figure>${new Markup(svg)}</figure>`)}</div>
${bn.findings.length ? html`<ul>${bn.findings.map(findingItem)}</ul>` : null}</section>`;
}

function findingItem({ severity, reason, advice, channels }: Finding): Markup {
  const which = channels.length
    ? html` <span class="note">Channels ${channels.slice(0, 40).join(", ")}${channels.length > 40 ? ", …" : ""}.</span>`
    : null;
  return html`<li><strong>${severity}</strong>: ${reason}. ${advice[0].toUpperCase() + advice.slice(1)}.${which}</li>
`;
}
