import type { InspectedBatchNorm, Inspection } from "./inspection.ts";

/** What `--json` prints: no arrays of channels, but their summaries. */
export function inspectionJson({ path, format, assumedEps, batchNorms }: Inspection): string {
  const model = { path, format, assumedEps: format === "safetensors" ? assumedEps : null };
  return `${JSON.stringify({ ...model, batchNorms: batchNorms.map(entry) }, null, 2)}\n`;
}

function entry({
  name,
  channels,
  eps,
  momentum,
  training,
  batchesTracked,
  fold,
  summaries,
  findings,
}: InspectedBatchNorm) {
  return { name, channels, eps, momentum, training, batchesTracked, fold, summaries, findings };
}
