import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { InputError } from "../../errors.ts";
import { EXPERIMENTS } from "../../experiments/index.ts";
import type { Figure } from "../../report/svg.ts";
import { RESULTS_FORMAT, type Recorded } from "../../results/recorded.ts";

/** Results that can be recorded, and what draws them. */
interface Drawing {
  readonly name: string;
  /** `results` has the name that is asked for; whatever else it lacks makes it throw */
  figures(): Promise<{ figures(results: unknown): Figure[] }>;
}

const DRAWINGS: readonly Drawing[] = [
  ...EXPERIMENTS,
  { name: "train", figures: () => import("../../train/figures.ts") },
];

/** The command that records results of a name. */
const recorder = (name: string) => (name === "train" ? "batchnorm train" : `batchnorm reproduce ${name}`);

/** Draws the figures of all results recorded in a folder, without training anything. */
export async function drawFigures(options: { results: string; out: string }): Promise<void> {
  let found = 0;
  for (const drawing of DRAWINGS) {
    const path = join(options.results, `${drawing.name}.json`);
    const results = await readRecorded(path, drawing.name);
    if (!results) continue;
    found += 1;
    await mkdir(options.out, { recursive: true });
    for (const figure of await figuresOf(drawing, results, path)) {
      const file = join(options.out, `${figure.name}.svg`);
      await writeAtomically(file, figure.svg);
      process.stdout.write(`${file}\n`);
    }
  }
  if (found === 0) {
    const names = DRAWINGS.map(({ name }) => `${name}.json`);
    throw new InputError(
      `${options.results}: found none of ${names.join(", ")}; record one with: batchnorm reproduce figure1 --out ${options.results}`,
    );
  }
}

async function readRecorded(path: string, name: string): Promise<Recorded<string> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`${path}: could not be read: ${(error as Error).message}`, { cause: error });
  }
  let results: Recorded<string>;
  try {
    results = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (results?.experiment !== name || results.format !== RESULTS_FORMAT) {
    throw new InputError(
      `${path}: expected the results of ${name} in format ${RESULTS_FORMAT}, got ${results?.experiment} in format ${results?.format}; record them again with: ${recorder(name)}`,
    );
  }
  return results;
}

async function figuresOf(drawing: Drawing, results: Recorded<string>, path: string): Promise<Figure[]> {
  const { figures } = await drawing.figures();
  try {
    return figures(results);
  } catch (error) {
    throw new InputError(
      `${path}: its numbers could not be drawn (${(error as Error).message}); record them again with: ${recorder(drawing.name)}`,
      { cause: error },
    );
  }
}
