import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { InputError } from "../errors.ts";
import { biasDriftFigures } from "../report/biasdrift.ts";
import { depthFigures } from "../report/depth.ts";
import { ensembleFigures } from "../report/ensemble.ts";
import { figure1Figures } from "../report/figure1.ts";
import { inceptionFigures } from "../report/inception.ts";
import { regularizerFigures } from "../report/regularizer.ts";
import { robustnessFigures } from "../report/robustness.ts";
import { shiftFigures } from "../report/shift.ts";
import type { Figure } from "../report/svg.ts";
import { RESULTS_FORMAT, type Recorded } from "../results/recorded.ts";
import { figures as trainingFigures } from "../train/figures.ts";

// biome-ignore lint/suspicious/noExplicitAny: the file names its experiment, which is checked before drawing
const DRAWING: Record<string, (results: any) => Figure[]> = {
  figure1: figure1Figures,
  robustness: robustnessFigures,
  depth: depthFigures,
  "bias-drift": biasDriftFigures,
  inception: inceptionFigures,
  regularizer: regularizerFigures,
  ensemble: ensembleFigures,
  shift: shiftFigures,
  train: trainingFigures,
};

/** The command that records results of a name. */
const recorder = (name: string) => (name === "train" ? "batchnorm train" : `batchnorm reproduce ${name}`);

/** Draws the figures of all results recorded in a folder, without training anything. */
export async function drawFigures(options: { results: string; out: string }): Promise<void> {
  let found = 0;
  for (const [name, drawing] of Object.entries(DRAWING)) {
    const path = join(options.results, `${name}.json`);
    const results = await readRecorded(path, name);
    if (!results) continue;
    found += 1;
    await mkdir(options.out, { recursive: true });
    for (const figure of figuresOf(drawing, results, path)) {
      const file = join(options.out, `${figure.name}.svg`);
      await writeAtomically(file, figure.svg);
      process.stdout.write(`${file}\n`);
    }
  }
  if (found === 0) {
    const names = Object.keys(DRAWING).map((name) => `${name}.json`);
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
    throw new InputError(`${path}: could not be read: ${(error as Error).message}`);
  }
  let results: Recorded<string>;
  try {
    results = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: is not JSON: ${(error as Error).message}`);
  }
  if (results?.experiment !== name || results.format !== RESULTS_FORMAT) {
    throw new InputError(
      `${path}: expected the results of ${name} in format ${RESULTS_FORMAT}, got ${results?.experiment} in format ${results?.format}; record them again with: ${recorder(name)}`,
    );
  }
  return results;
}

function figuresOf(drawing: (results: unknown) => Figure[], results: Recorded<string>, path: string): Figure[] {
  try {
    return drawing(results);
  } catch (error) {
    throw new InputError(
      `${path}: its numbers could not be drawn (${(error as Error).message}); record them again with: ${recorder(results.experiment)}`,
    );
  }
}
