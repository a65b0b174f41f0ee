/** The commands for models that come from elsewhere. */
import { type Command, Option } from "commander";
import { examples } from "./examples.ts";
import { namedShape, namedSize, positive, seed } from "./options.ts";

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
