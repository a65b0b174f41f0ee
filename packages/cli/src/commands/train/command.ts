/** The command that trains a network. */
import type { Command } from "commander";
import { MODEL_NAMES } from "../../train/names.ts";
import { examples } from "../examples.ts";
import { trainOptions } from "./options.ts";

export function addTrain(root: Command): void {
  const command = root
    .command("train")
    .summary("train a network on a data set")
    .description(
      "Trains a network, with a checkpoint after every epoch and on Ctrl-C, and writes its weights, a report, curves and numbers.",
    )
    .argument("<model>", MODEL_NAMES);
  for (const option of trainOptions()) command.addOption(option);
  command
    .addHelpText(
      "after",
      examples([
        "batchnorm train resnet20 --dataset cifar10",
        "batchnorm train resnet20 --dataset cifar10 --resume",
        "mpirun -np 4 batchnorm train resnet20 --dataset cifar10 --mpi",
        "batchnorm train resnet8 --dataset cifar10 --epochs 5 --train-images 10000 --out out/small",
        "batchnorm train mnist --dataset mnist --epochs 10 --data fashion",
      ]),
    )
    .action(async (model, options) => {
      const { train } = await import("./train.ts");
      await train(model, options);
    });
}
