import { availableParallelism } from "node:os";
import { InvalidArgumentError, Option } from "commander";

/** What every experiment takes from the command line. */
export interface ReproduceOptions {
  readonly seed: number;
  readonly threads: number;
  readonly quick?: boolean;
  readonly steps?: number;
  readonly out?: string;
  readonly data?: string;
  readonly fresh?: boolean;
}

/** The options of ReproduceOptions, as they stand in `--help`. */
export function reproduceOptions(): Option[] {
  return [
    new Option("--seed <n>", "seed of initial weights and order of images").argParser(seed).default(1),
    new Option("--threads <n>", "trainings at a time").argParser(count).default(availableParallelism(), "one a core"),
    new Option("--quick", "a preview in under half a minute: the same at a fraction of the steps").default(false),
    new Option("--steps <n>", "steps of each training, instead of the experiment's own number").argParser(count),
    new Option(
      "--out <dir>",
      "folder for reports, figures, numbers and finished runs (default: out, with --quick out/quick)",
    ),
    new Option("--data <dir>", "folder with the four IDX files of a data set like MNIST, plain or .gz"),
    new Option("--fresh", "train again, also what was finished by an earlier call"),
  ];
}

/** A whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected a whole number of at least 1.");
  }
  return value;
}

/** A whole number from 0 to 2³² − 1. */
export function seed(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 0xffff_ffff) {
    throw new InvalidArgumentError("Expected a whole number from 0 to 4294967295.");
  }
  return value;
}
