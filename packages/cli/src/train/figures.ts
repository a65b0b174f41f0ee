import { type Figure, type Panel, sheet } from "../report/svg.ts";
import { FILE_THEME, type Theme } from "../report/theme.ts";
import { epochsChart } from "./chart.ts";
import type { TrainingResults } from "./results.ts";

const PANEL = { width: 400, height: 260 };
const GAP = 24;

/** Loss and accuracy over the epochs, side by side. */
export function panels({ settings, epochs }: TrainingResults, theme: Theme): Panel[] {
  const color = settings.batchNorm ? theme.withBatchNorm : theme.withoutBatchNorm;
  return (["loss", "accuracy"] as const).map((measure) => epochsChart(epochs, measure, color, theme, PANEL));
}

/** What was trained on what: "resnet20 on CIFAR-10". */
export function subject({ settings, data }: TrainingResults): string {
  return `${settings.model}${settings.batchNorm ? "" : " without batch norm"} on ${data.name}`;
}

/** Loss and accuracy over the epochs, as one SVG file; none before the first epoch has ended. */
export function figures(results: TrainingResults): Figure[] {
  if (results.epochs.length === 0) return [];
  const placed = panels(results, FILE_THEME).map((panel, column) => ({
    panel,
    x: 8 + column * (PANEL.width + GAP),
    y: 34,
  }));
  const caption = { text: subject(results), x: 16, y: 22, bold: true };
  const description = `${subject(results)}: loss and accuracy over the epochs`;
  const svg = sheet(2 * PANEL.width + GAP + 16, PANEL.height + 40, placed, [caption], description);
  return [{ name: "curves", svg }];
}
