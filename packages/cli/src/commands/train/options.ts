import { Option } from "commander";
import { DATASET_NAMES } from "../../train/names.ts";
import type { Choices } from "../../train/settings.ts";
import { count, positive, seed } from "../values.ts";

/** What `batchnorm train` takes from the command line, beside the model. */
export interface TrainOptions extends Choices {
  readonly dataset: string;
  readonly threads?: number;
  readonly out?: string;
  readonly data?: string;
  readonly resume?: boolean;
  readonly fresh?: boolean;
  readonly mpi?: boolean;
}

/** The options of TrainOptions, as they stand in `--help`. Those that decide about the result have no default here: a resumed run has its own. */
export function trainOptions(): Option[] {
  return [
    new Option("--dataset <name>", "what to train on").choices(DATASET_NAMES).makeOptionMandatory(),
    new Option("--epochs <n>", "passes over the training images (default: the model's)").argParser(count),
    new Option("--batch-size <n>", "images a step (default: the model's)").argParser(count),
    new Option(
      "--learning-rate <x>",
      "the highest of the schedule (default: the model's, in proportion to the batch size)",
    ).argParser(positive),
    new Option("--seed <n>", "seed of initial weights, order of images and their changes (default: 1)").argParser(seed),
    new Option("--no-batch-norm", "the same network without batch norm"),
    new Option("--train-images <n>", "only the first so many training images").argParser(count),
    new Option("--test-images <n>", "only the first so many test images").argParser(count),
    new Option(
      "--threads <n>",
      "threads that share each step; the result does not depend on it (default: one a core)",
    ).argParser(count),
    new Option("--out <dir>", "folder of the run (default: out/train/<model>-<dataset>)"),
    new Option("--data <dir>", "folder with the files of the data set"),
    new Option("--resume", "go on from the folder's checkpoint, with the settings of its run").conflicts("fresh"),
    new Option("--mpi", "train on all ranks that mpirun or srun has started, each with its share of every batch"),
    new Option("--fresh", "start anew in a folder that has a checkpoint, and remove what that run left"),
  ];
}
