/** The registry: a line for each experiment, in the order of --help. */
import type { Experiment } from "./experiment.ts";

const folders = await Promise.all([
  import("./figure1/index.ts"),
  import("./robustness/index.ts"),
  import("./depth/index.ts"),
  import("./bias-drift/index.ts"),
  import("./inception/index.ts"),
  import("./regularizer/index.ts"),
  import("./ensemble/index.ts"),
  import("./shift/index.ts"),
]);

export const EXPERIMENTS: readonly Experiment[] = folders.map(({ experiment }) => experiment);
