/** The commands for models that come from elsewhere. */
import { type Command, Option } from "commander";
import { examples } from "../examples.ts";
import { count, namedShape, namedSize, positive, seed, share } from "../values.ts";
import { dataOptions } from "./dataoptions.ts";

export function addInspect(root: Command): void {
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

export function addFold(root: Command): void {
  const command = root
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
    .addOption(new Option("--seed <n>", "seed of the random inputs").argParser(seed).default(1));
  for (const option of dataOptions("run on these samples too, the first 8")) command.addOption(option);
  command
    .addHelpText(
      "after",
      examples([
        "batchnorm fold model.onnx -o folded.onnx",
        "batchnorm fold model.onnx -o folded.onnx --shape image=1,3,224,224",
        "batchnorm fold model.onnx -o folded.onnx --data photos --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
      ]),
    )
    .action(async (model, options) => {
      const { foldCommand } = await import("./fold.ts");
      await foldCommand(model, options);
    });
}

export function addRecalibrate(root: Command): void {
  const command = root
    .command("recalibrate")
    .summary("re-estimate the running statistics of a model on new data")
    .description(
      "Estimates the running statistics of an ONNX model's batch norms anew from data without labels, one layer after another, shows what moved, and writes the new model. Weights stay as they are, and the original is never changed.",
    )
    .argument("<model>", "a .onnx file")
    .requiredOption("-o, --output <file>", "where to write the recalibrated model");
  for (const option of dataOptions("estimate from these samples")) {
    command.addOption(option.attributeName() === "data" ? option.makeOptionMandatory() : option);
  }
  command
    .option("--one-pass", "estimate all batch norms in one pass, each seeing what the ones before it give in training")
    .addOption(
      new Option("--prior <x>", "weight of the old statistics in the new ones, from 0 to 1")
        .argParser(share)
        .default(0),
    )
    .addOption(new Option("--samples <n>", "use only the first so many samples").argParser(count))
    .addOption(
      new Option("--batch-size <n>", "samples at a time, where the model does not fix it").argParser(count).default(32),
    )
    .option("--channels", "list every channel, before and after")
    .option("--json", "print everything as JSON instead of a table")
    .option("--html <file>", "write a page with figures too")
    .addHelpText(
      "after",
      examples([
        "batchnorm recalibrate model.onnx --data photos/ -o new.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
        "batchnorm recalibrate model.onnx --data inputs.npy -o new.onnx --html moved.html",
        "batchnorm recalibrate model.onnx --data few.npz -o new.onnx --prior 0.5",
      ]),
    )
    .action(async (model, options) => {
      const { recalibrateCommand } = await import("./recalibrate.ts");
      await recalibrateCommand(model, options);
    });
}
