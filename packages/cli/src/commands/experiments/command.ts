/** The commands for the paper's experiments. */
import type { Command } from "commander";
import type { Experiment } from "../../experiments/experiment.ts";
import { EXPERIMENTS } from "../../experiments/index.ts";
import { SECTIONS } from "../../experiments/paper.ts";
import { examples } from "../examples.ts";
import { reproduceOptions } from "./options.ts";

export function addReproduce(root: Command): void {
  const reproduce = root
    .command("reproduce")
    .description("Repeat an experiment of the paper and write a report with its figures and numbers.")
    .addHelpText("after", examples(["batchnorm reproduce figure1", "batchnorm reproduce depth --quick"]));
  for (const experiment of EXPERIMENTS) addExperiment(reproduce, experiment);
}

function addExperiment(reproduce: Command, experiment: Experiment): void {
  const { name, section, claim, summary, description } = experiment;
  const command = reproduce
    .command(name)
    .summary(summary)
    .description(`${description}\n\nThe paper (§${section}, ${SECTIONS[section]}): ${claim}`);
  for (const option of reproduceOptions(experiment)) command.addOption(option);
  command
    .addHelpText("after", examples(experiment.examples.map((rest) => `batchnorm reproduce ${name} ${rest}`.trim())))
    .action(async (options) => {
      const { reproduce } = await import("./reproduce.ts");
      await reproduce(experiment, options);
    });
}

export function addFigures(root: Command): void {
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
}
