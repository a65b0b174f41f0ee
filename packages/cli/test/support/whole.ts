/** What an experiment's folder must have. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Experiment } from "#dist/experiments/experiment.js";
import { SECTIONS } from "#dist/experiments/paper.js";
import type { Recorded } from "#dist/results/recorded.js";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
/** Folders of the repository. */
export const SOURCES = join(repository, "packages/cli/src/experiments");
const TESTS = join(repository, "packages/cli/test/experiments");
const RESULTS = join(repository, "docs/results");
const FIGURES = join(repository, "docs/figures");

/** What a full run of an experiment gave. */
export function recordedResults(name: string): Recorded<string> {
  return JSON.parse(readFileSync(join(RESULTS, `${name}.json`), "utf8"));
}

/** What is missing or wrong, a sentence each; none for an experiment that is whole. */
export async function lacking(experiment: Experiment): Promise<string[]> {
  const parts = [described, recorded, drawn, reported, explained, told, tested];
  const found = parts.map((part) => Promise.resolve(experiment).then(part).catch(failed));
  return [...new Set((await Promise.all(found)).flat())];
}

/** What is thrown stands for what is missing, such as a module. */
function failed(error: Error): string[] {
  return [error.message];
}

/** A sentence for each of the conditions that does not hold. */
function unless(conditions: Record<string, boolean>): string[] {
  return Object.keys(conditions).filter((condition) => !conditions[condition]);
}

function described({ section, claim, summary, description, examples, sizes }: Experiment): string[] {
  return unless({
    "its section is one of the paper's (paper.ts)": section in SECTIONS,
    "its claim is a sentence": /^[A-Z].{20,}\.$/.test(claim),
    "its summary is a few words, without a full stop": /^\S.{5,70}[^.]$/.test(summary),
    "its description ends with a full stop": /\.$/.test(description),
    "its first example is the plain command": examples[0] === "",
    "--quick has a size of its own": JSON.stringify(sizes.quick) !== JSON.stringify(sizes.full),
  });
}

function recorded({ name }: Experiment): string[] {
  const { experiment, quick } = recordedResults(name);
  return unless({ [`docs/results/${name}.json is of a full run`]: experiment === name && !quick });
}

async function drawn(experiment: Experiment): Promise<string[]> {
  const { name } = experiment;
  const figures = (await experiment.figures()).figures(recordedResults(name));
  const shown = (figure: string) => readFileSync(join(FIGURES, `${figure}.svg`), "utf8");
  return [
    ...unless({ "it has a figure of its own name": figures.some((figure) => figure.name === name) }),
    ...figures.flatMap((figure) =>
      unless({
        [`the name of figure ${figure.name} begins with its own`]: figure.name.startsWith(name),
        [`docs/figures/${figure.name}.svg is what batchnorm figures draws`]: sameDrawing(
          shown(figure.name),
          figure.svg,
        ),
      }),
    ),
  ];
}

/** Clip paths are numbered over all figures that a process draws. */
function sameDrawing(one: string, other: string): boolean {
  const [a, b] = [one, other].map((svg) => svg.replaceAll(/plot-clip-\d+/g, "plot-clip"));
  return a === b;
}

async function reported(experiment: Experiment): Promise<string[]> {
  const { page, summary } = await experiment.page();
  const results = recordedResults(experiment.name);
  return unless({
    "page.ts gives a page with a figure": /<h1>.+<\/h1>.*<figure/s.test(page(results)),
    "page.ts gives a summary of several lines": summary(results).length > 1,
  });
}

const readmeOf = (name: string) => join(SOURCES, name, "README.md");

function explained({ name, section, claim }: Experiment): string[] {
  const path = readmeOf(name);
  const text = readFileSync(path, "utf8");
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link);
  return unless({
    "README.md begins with a title": /^# \S/.test(text),
    "README.md has the section and the claim": text.includes(`(§${section}, ${SECTIONS[section]}): ${claim}`),
    "README.md says how to run it": text.includes(`batchnorm reproduce ${name}\n`),
    "README.md shows its figure": links.some((link) => link.endsWith(`docs/figures/${name}.svg`)),
    "README.md links to files that are there": links.every((link) => existsSync(join(dirname(path), link))),
  });
}

/** Numbers in a README are those that the command printed. */
async function told({ name, claim, page }: Experiment): Promise<string[]> {
  const text = readFileSync(readmeOf(name), "utf8");
  const summary = (await page()).summary(recordedResults(name)).join("\n").trim();
  const prose = text
    .replace(summary, "")
    .replace(claim, "")
    .replaceAll(/§[\d.]+/g, "");
  return unless({
    [`README.md has, between fences, what came out:\n${summary}`]: text.includes(`\`\`\`\n${summary}\n\`\`\``),
    "README.md has no other numbers of results": !/\d\.\d|\d ?%/.test(prose),
  });
}

function tested({ name }: Experiment): string[] {
  return unless({ "it has a test, reproduce.test.ts": existsSync(join(TESTS, name, "reproduce.test.ts")) });
}
