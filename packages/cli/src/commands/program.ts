import { Command } from "commander";
import { version } from "../version.ts";
import { addData } from "./data/command.ts";
import { examples } from "./examples.ts";
import { addFigures, addReproduce } from "./experiments/command.ts";
import { addFold, addInspect, addRecalibrate } from "./models/command.ts";
import { addTrain } from "./train/command.ts";

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
  addReproduce(root);
  addFigures(root);
  addData(root);
  addTrain(root);
  addInspect(root);
  addFold(root);
  addRecalibrate(root);
  return root;
}
