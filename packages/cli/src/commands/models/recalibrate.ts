import { writeAtomically } from "batchnorm/node";
import { checkDestination, readModel, recalibrateBatchNorms, writeModel } from "batchnorm-onnx";
import pc from "picocolors";
import { InputError } from "../../errors.ts";
import type { Feeds } from "../../inputs/feed.ts";
import { formatOf, modelErrors } from "../../modelfile.ts";
import { recalibrationJson } from "../../recalibrate/json.ts";
import { movedLines } from "../../recalibrate/lines.ts";
import { moved } from "../../recalibrate/moved.ts";
import { recalibrationPage } from "../../recalibrate/page.ts";
import { amountProgress, SAMPLES } from "../../terminal/amount.ts";
import { version } from "../../version.ts";
import { integer, plural } from "../../words.ts";
import type { DataOptions } from "./dataoptions.ts";
import { openFeeds } from "./feeds.ts";

export interface RecalibrateCommandOptions extends DataOptions {
  readonly output: string;
  readonly data: string;
  readonly onePass?: boolean;
  readonly prior: number;
  readonly batchSize: number;
  readonly samples?: number;
  readonly channels?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

/** Below this many samples estimates are poor: Wu & Johnson (2021) find that 10³ to 10⁴ are enough. */
const FEW_SAMPLES = 1000;

/** Estimates a model's running statistics anew from data without labels, shows what moved, and writes it. */
export async function recalibrateCommand(path: string, options: RecalibrateCommandOptions): Promise<void> {
  if (formatOf(path) === "safetensors") {
    throw new InputError(
      `${path}: expected a .onnx file; a state dict does not tell how to run the model: load it into one of the library, and call recalibrate(model, batches)`,
    );
  }
  const { output, data, onePass = false, prior } = options;
  await modelErrors(path, async () => {
    const model = await readModel(path);
    await checkDestination(model, output);
    const feeds = await openFeeds(model, data, options);
    const size = feeds.batch ?? options.batchSize;
    const samples = usable(feeds, size, options.samples);
    const progress = amountProgress(process.stderr, SAMPLES);
    let passes = 0;
    const result = await recalibrateBatchNorms(model, () => batchesOf(feeds, size, samples), {
      onePass,
      prior,
      progress(done) {
        if (passes === 0) progress.begin(done.passes * samples, 0);
        passes = done.passes;
        progress.advance(done.pass * samples + Math.min(done.batches * size, samples));
      },
    }).finally(() => passes > 0 && progress.end());
    const { recalibrated, kept } = result;
    await writeModel(result.model, output);

    const facts = { model: path, output, data: feeds.sources, samples, onePass, prior, recalibrated, kept };
    if (options.html) await writeAtomically(options.html, recalibrationPage(facts, version()));
    if (options.json) process.stdout.write(recalibrationJson(facts));
    else {
      const how = onePass ? "in one pass" : `layer by layer in ${integer(passes)} ${passes === 1 ? "pass" : "passes"}`;
      const lines = [
        `${path}: ${plural(recalibrated.length, "batch norm")}, ${plural(samples, "sample")}, ${how}`,
        "",
        ...movedLines(recalibrated.map(moved), options.channels ?? false),
        "",
        ...kept.map(
          ({ name, inside, reason }) => `${inside ? `${inside}/` : ""}${name} keeps its statistics: ${reason}`,
        ),
        `Written to ${output}${options.html ? `, report: ${options.html}` : ""}`,
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    }
    for (const line of warnings(feeds, samples, prior)) process.stderr.write(`${pc.yellow("warning")} ${line}\n`);
  });
}

async function* batchesOf(feeds: Feeds, size: number, samples: number) {
  for (let from = 0; from < samples; from += size) yield await feeds.read(from, Math.min(from + size, samples));
}

/** How many samples are used: whole batches only, where the model fixes their size. */
function usable({ count, batch }: Feeds, size: number, most = Number.POSITIVE_INFINITY): number {
  const wanted = Math.min(count, most);
  const samples = batch === null ? wanted : wanted - (wanted % size);
  if (samples === 0) {
    throw new InputError(
      `expected at least ${plural(size, "sample")}, the batch size that the model fixes, got ${integer(wanted)}`,
    );
  }
  return samples;
}

function warnings({ count, batch }: Feeds, samples: number, prior: number): string[] {
  const few = samples < FEW_SAMPLES && prior === 0;
  const left = batch === null ? 0 : count % batch;
  return [
    ...(few
      ? [
          `${plural(samples, "sample")} may be too few: 1,000 to 10,000 give good estimates (Wu & Johnson 2021); with fewer, --prior keeps a part of the old statistics`,
        ]
      : []),
    ...(left ? [`${plural(left, "sample")} at the end not used: the model takes ${batch} at a time`] : []),
  ];
}
