import { fetchCifar10 } from "../../datasets/cifar10fetch.ts";
import { amountProgress, MEGABYTES } from "../../terminal/amount.ts";
import { integer } from "../../words.ts";
import { interruptible } from "../interrupt.ts";

/** Puts CIFAR-10 into the cache and says where it is. */
export async function dataCifar10(options: { data?: string; force?: boolean }): Promise<void> {
  const { folder, already, trainingImages, testImages } = await interruptible((signal) =>
    fetchCifar10({
      directory: options.data,
      force: options.force,
      progress: amountProgress(process.stderr, MEGABYTES),
      note: (line) => process.stderr.write(`${line}\n`),
      signal,
    }),
  );
  if (already) process.stdout.write("It was there already; --force stores it anew.\n");
  process.stdout.write(
    `CIFAR-10: ${integer(trainingImages)} training and ${integer(testImages)} test images in ${folder}\n`,
  );
}
