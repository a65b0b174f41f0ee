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
  readonly mpi?: boolean;
}

/** What an experiment's images are, which decides about the time that it takes. */
export type ImagesOf = "MNIST" | "CIFAR-10" | "both";

const TEXTS: Record<ImagesOf, { quick: string; data: string }> = {
  MNIST: {
    quick: "a preview in under half a minute: the same at a fraction of the steps",
    data: "folder with the four IDX files of a data set like MNIST, plain or .gz",
  },
  "CIFAR-10": {
    quick: "a preview in under five minutes: the same with fewer images and steps",
    data: "folder with the six binary files of a data set like CIFAR-10 (default: what batchnorm data cifar10 stored)",
  },
  both: {
    quick: "a preview in under three minutes: the same with fewer images and steps",
    data: "folder with the four IDX files of a data set like MNIST, plain or .gz, in place of MNIST",
  },
};

/** The options of ReproduceOptions, as they stand in `--help`. */
export function reproduceOptions(images: ImagesOf): Option[] {
  return [
    new Option("--seed <n>", "seed of initial weights and order of images").argParser(seed).default(1),
    new Option("--threads <n>", "trainings at a time").argParser(count).default(availableParallelism(), "one a core"),
    new Option("--quick", TEXTS[images].quick).default(false),
    new Option("--steps <n>", "steps of each training, instead of the experiment's own number").argParser(count),
    new Option(
      "--out <dir>",
      "folder for reports, figures, numbers and finished runs (default: out, with --quick out/quick)",
    ),
    new Option("--data <dir>", TEXTS[images].data),
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

/** A finite number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("Expected a number above 0.");
  }
  return value;
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("Expected a number from 0 to 1.");
  }
  return value;
}

/** "x=1,3,224,224", added to those before. */
export function namedShape(text: string, before: Record<string, number[]>): Record<string, number[]> {
  const [name, sizes] = named(text, "a name and sizes, such as x=1,3,224,224");
  return { ...before, [name]: sizes.split(",").map(count) };
}

/** "batch=8", added to those before. */
export function namedSize(text: string, before: Record<string, number>): Record<string, number> {
  const [name, size] = named(text, "a name and a size, such as batch=8");
  return { ...before, [name]: count(size) };
}

function named(text: string, wanted: string): [name: string, value: string] {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new InvalidArgumentError(`Expected ${wanted}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
