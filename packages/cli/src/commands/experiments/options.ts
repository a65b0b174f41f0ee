import { availableParallelism } from "node:os";
import { Option } from "commander";
import type { Experiment, ImagesOf } from "../../experiments/experiment.ts";
import { count, seed } from "../values.ts";

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

/** The options of ReproduceOptions and the experiment's own, as they stand in `--help`. */
export function reproduceOptions({ images, flags = {}, shared }: Experiment): Option[] {
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
    ...Object.entries(flags).map(([name, help]) => flagOption(name, help)),
    ...(shared
      ? [new Option("--mpi", "train one network at a time, on all ranks that mpirun or srun has started")]
      : []),
  ];
}

/** Which of the experiment's own options were given. */
export function flagsIn(options: object, { flags = {} }: Experiment): ReadonlySet<string> {
  const given = new Map(Object.entries(options));
  return new Set(Object.keys(flags).filter((name) => given.get(flagOption(name).attributeName()) === true));
}

const flagOption = (name: string, help?: string) => new Option(`--${name}`, help);
