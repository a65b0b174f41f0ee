import { html, type Markup } from "../../report/html.ts";
import { table } from "../../report/page.ts";
import { fixed, integer, percent } from "../../words.ts";
import { type Comparison, type Movement, movement, verdict } from "./comparison.ts";
import type { Figure1Results } from "./results.ts";

/** The paper's claims beside what came out. */
export function claims(results: Figure1Results): Markup {
  const [same, best] = [results.same, results.best].map(verdict);
  if (!same || !best) return html``;
  const reach = (steps: number | null, target: number) =>
    steps === null ? `never (${percent(target)})` : `after ${integer(steps)} (${percent(target)})`;
  const cells = (text: (v: typeof same) => string) => [text(same), text(best)];
  const range = ([low, high]: readonly [number, number]) => `${(100 * low).toFixed(1)}–${percent(high, 1)}`;
  return html`<h2>The paper and this reproduction</h2>
${table(
  "Accuracies are on the test images. “Best” is the highest accuracy measured during a run.",
  "text",
  ["", "Paper (§4.1)", "Here, same settings", "Here, each at its best"],
  [
    [
      "Final accuracy with / without",
      "higher with batch norm; no numbers printed",
      ...cells((v) => `${percent(v.finalWith)} / ${percent(v.finalWithout)}`),
    ],
    ["Range over the last fifth", "not given", ...cells((v) => `${range(v.lateWith)} / ${range(v.lateWithout)}`)],
    [
      "Best accuracy with / without",
      "not given",
      ...cells((v) => `${percent(v.bestWith.accuracy)} / ${percent(v.bestWithout.accuracy)}`),
    ],
    [
      "Steps with batch norm to the other’s best",
      "fewer; no numbers printed",
      ...cells((v) => reach(v.stepsWith, v.bestWithout.accuracy)),
    ],
    ["Steps without to its own best", "not given", ...cells((v) => integer(v.bestWithout.step))],
    [
      "Ratio of these steps",
      "none for MNIST (14 on ImageNet)",
      ...cells((v) => (v.ratio === null ? "none" : v.ratio.toFixed(1))),
    ],
    ["Steps without to the other’s best", "not given", ...cells((v) => reach(v.stepsWithout, v.bestWith.accuracy))],
    [
      "Median input of the sigmoid",
      "much more stable with batch norm",
      ...[results.same, results.best].map((comparison) => movementText(comparison, "median", "to")),
    ],
    [
      "Its spread, first and last (85th − 15th)",
      "much more stable with batch norm",
      ...[results.same, results.best].map((comparison) => movementText(comparison, "spread", "→")),
    ],
  ],
)}`;
}

function movementText(comparison: Comparison, what: keyof Movement, join: string): string {
  const text = (moved: Movement | null) =>
    moved ? `${fixed(moved[what][0], 1)} ${join} ${fixed(moved[what][1], 1)}` : "not finite";
  return `with ${text(movement(comparison.withBatchNorm))}, without ${text(movement(comparison.withoutBatchNorm))}`;
}
