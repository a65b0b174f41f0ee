import type { Finding, Summary } from "batchnorm/diagnose";
import pc from "picocolors";
import { list, plural } from "../words.ts";
import type { InspectedBatchNorm, Inspection } from "./inspection.ts";

const COLOURS = { error: pc.red, warning: pc.yellow, note: pc.cyan };

/** Three significant digits, or a dash for what is not known. */
export function short(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const plain = String(Number(value.toPrecision(3)));
  return size > 0 && size < 1e-3 ? value.toExponential(2).replace(/\.?0*e/, "e") : plain;
}

/** "0.1 … 2.3", or one number where all are alike. */
export function range(summary: Summary | null): string {
  if (!summary) return "–";
  const [least, most] = [short(summary.min), short(summary.max)];
  return least === most ? least : `${least} … ${most}`;
}

/** Whether and where it can go, in a few words. */
export function foldWords({ fold }: InspectedBatchNorm): string {
  if (!fold) return "not known";
  return "into" in fold ? `into ${fold.into}` : `no: ${fold.reason}`;
}

/** The table of the terminal, and what was found under it. */
export function inspectionLines(inspection: Inspection): string[] {
  const { path, format, batchNorms, assumedEps } = inspection;
  const tells = format === "ONNX";
  const head = ["", "channels", "ε", "γ", "mean", "variance", ...(tells ? ["momentum", "foldable"] : [])];
  const rows = batchNorms.map((bn) => [
    bn.name || "(the whole)",
    short(bn.channels),
    bn.eps === null ? `${short(assumedEps)}?` : short(bn.eps),
    range(bn.summaries.gamma),
    range(bn.summaries.mean),
    range(bn.summaries.variance),
    ...(tells ? [short(bn.momentum), foldWords(bn)] : []),
  ]);
  const untold =
    "A state dict tells neither ε, which is taken as marked with ? (--eps), nor what a batch norm follows.";
  const assumed = tells ? [] : [pc.dim(untold)];
  return [
    `${path}: ${plural(batchNorms.length, "batch norm")} (${format})`,
    "",
    ...columns([head, ...rows]).map((line, i) => (i === 0 ? pc.dim(line) : line)),
    ...assumed,
    "",
    ...batchNorms.flatMap((bn) => bn.findings.map((finding) => findingLine(bn, finding))),
    verdict(batchNorms),
  ];
}

function findingLine({ name }: InspectedBatchNorm, { severity, reason, advice, channels }: Finding): string {
  const which = channels.length > 0 && channels.length <= 8 ? ` (${channels.join(", ")})` : "";
  return `${COLOURS[severity](severity)} ${pc.bold(name || "(the whole)")}: ${reason}${which}; ${advice}`;
}

function verdict(batchNorms: readonly InspectedBatchNorm[]): string {
  const all = batchNorms.flatMap(({ findings }) => findings);
  const count = (severity: Finding["severity"]) => all.filter((finding) => finding.severity === severity).length;
  const parts = (["error", "warning", "note"] as const).flatMap((severity) =>
    count(severity) ? [plural(count(severity), severity)] : [],
  );
  return parts.length ? list(parts) : "Nothing wrong found";
}

/** Cells side by side, each column as wide as its widest; the last is not padded. */
export function columns(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows.map((row) => row.map((cell, c) => (c + 1 < row.length ? cell.padEnd(widths[c]) : cell)).join("  "));
}
