import { html } from "../../report/html.ts";
import { experimentPage, figure } from "../../report/page.ts";
import { PAGE_THEME } from "../../report/theme.ts";
import { integer, percent } from "../../words.ts";
import { raceChart } from "./chart.ts";
import { PANEL } from "./figures.ts";
import { notes } from "./notes.ts";
import { race } from "./race.ts";
import type { InceptionResults } from "./results.ts";
import { figure3, search, settings } from "./tables.ts";
import { never, printedOf, printedText, raceSentence } from "./texts.ts";

/** The report. */
export function page(results: InceptionResults): string {
  const standing = race(results);
  const body = html`
${figure(
  raceChart(results, PAGE_THEME, PANEL),
  html`<b>2.</b> Test accuracy over training. Dashed: without batch norm.`,
  "wide",
)}
${figure3(results, standing)}
${settings(results)}
${search(results)}
<h2>How it was measured</h2>
<ul>${notes(results).map(
    (note) => html`<li>${note}</li>
`,
  )}</ul>`;
  const lead = html`${raceSentence(results)} ${endSentence(results)} ${sigmoidSentence(results)}`;
  return experimentPage(results, "Figures 2 and 3: Inception, with and without batch norm", lead, body);
}

function endSentence(results: InceptionResults): string {
  const { standings } = race(results);
  const { run, final } = standings.reduce((top, standing) => (standing.final > top.final ? standing : top));
  return `After ${integer(results.steps)} steps ${run.name} was the most accurate, with ${percent(final)}.`;
}

function sigmoidSentence(results: InceptionResults): string {
  const sigmoids = race(results).standings.filter(({ run }) => run.activation === "sigmoid");
  const withBatchNorm = sigmoids.find(({ run }) => run.batchNorm);
  const without = sigmoids.find(({ run }) => !run.batchNorm);
  if (!withBatchNorm || !without) return "";
  return `With sigmoids in place of ReLU, ${percent(withBatchNorm.final)} with batch norm and ${percent(without.final)} without.`;
}

/** What the terminal says at the end. */
export function summary(results: InceptionResults): string[] {
  const { standings } = race(results);
  const { search, data, steps } = results;
  const row = (cells: readonly string[]) => {
    const [name, ...numbers] = cells;
    return `  ${name.padEnd(18)}${numbers.map((cell) => cell.padStart(15)).join("")}`;
  };
  return [
    `Inception on ${data.name}, ${integer(steps)} steps; Inception's learning rate ${search.chosen}, the best of ${search.trials.length}`,
    "",
    row(["", "steps to reach", "best accuracy", "final", "paper: steps", "best"]),
    ...standings.map(({ run, steps: reached, best, final }) => {
      const [, paperSteps, paperAccuracy] = printedText(printedOf(run));
      return row([run.name, never(reached), percent(best.accuracy), percent(final), paperSteps, paperAccuracy]);
    }),
    "",
    `  ${raceSentence(results)}`,
    "",
  ];
}
