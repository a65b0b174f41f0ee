import { stat } from "node:fs/promises";
import {
  agree,
  type Comparison,
  compareModels,
  type FoldResult,
  foldBatchNorms,
  type OnnxModel,
  readModel,
  serializeModel,
  type TimeOptions,
  type Times,
  timeModels,
  writeModel,
} from "batchnorm-onnx";
import { InputError } from "../../errors.ts";
import type { Feeds } from "../../inputs/feed.ts";
import { short } from "../../inspect/lines.ts";
import { formatOf, modelErrors } from "../../modelfile.ts";
import { integer, plural } from "../../words.ts";
import type { DataOptions } from "./dataoptions.ts";
import { openFeeds, refuseImageOptions } from "./feeds.ts";

/** Samples of given data that the models are run on, unless they take another number at a time. */
const MOST_SAMPLES = 8;

export interface FoldCommandOptions extends DataOptions {
  readonly output: string;
  readonly affine?: boolean;
  readonly bound: number;
  readonly shape: Readonly<Record<string, readonly number[]>>;
  readonly size: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** Folds what can be folded, proves in onnxruntime that the model gives the same, and only then writes it. */
export async function foldCommand(path: string, options: FoldCommandOptions): Promise<void> {
  if (formatOf(path) === "safetensors") {
    throw new InputError(
      `${path}: expected a .onnx file; a state dict does not tell which layer a batch norm follows: foldStateDict of the library takes the pairs`,
    );
  }
  await modelErrors(path, async () => {
    const before = await readModel(path);
    const feeds = await feedsOf(before, options);
    const result = foldBatchNorms(before, { affine: options.affine ?? false });
    const { folded, kept, model: after, values } = result;
    if (folded.length + kept.length === 0) {
      throw new InputError(`${path}: expected a model with batch norm, found no BatchNormalization node`);
    }
    process.stdout.write(`${decisionLines(result).join("\n")}\n`);
    if (folded.length === 0) throw new InputError(`${path}: nothing can be folded, so nothing was written`);
    const { shape: shapes, size: sizes, seed, bound } = options;
    const comparisons = [await compareModels(before, after, { shapes, sizes, seed, values })];
    process.stdout.write(`${comparisonLine(comparisons[0], "random")}\n`);
    if (feeds) {
      const count = feeds.batch ?? Math.min(feeds.count, MOST_SAMPLES);
      const given = await compareModels(before, after, { inputs: await feeds.read(0, count), runs: 1, values });
      const samples = `the first ${plural(count, "sample")} of ${feeds.sources.join(", ")} as`;
      process.stdout.write(`${comparisonLine(given, samples)}\n`);
      comparisons.push(given);
    }
    if (!comparisons.every((each) => agree(each, bound))) {
      throw new InputError(
        `${path}: the folded model differs by more than ${bound} of the largest value, so nothing was written; --bound allows more`,
      );
    }
    await writeModel(after, options.output);
    process.stdout.write(`${await sizeLine(before, after, path, options.output)}\n`);
    process.stdout.write(`${await timeLine(before, after, { shapes, sizes })}\n`);
  });
}

/** What to run on beside random values; null where nothing is given. */
async function feedsOf(model: OnnxModel, options: FoldCommandOptions): Promise<Feeds | null> {
  if (options.data !== undefined) return openFeeds(model, options.data, options);
  refuseImageOptions(options, "there is no --data");
  return null;
}

function decisionLines({ folded, kept }: FoldResult): string[] {
  const named = ({ name, inside }: { name: string; inside: string | null }) => (inside ? `${inside}/${name}` : name);
  return [
    `${plural(folded.length, "batch norm")} folded, ${integer(kept.length)} kept`,
    ...folded.map((each) => `  ${named(each)} into ${each.into}`),
    ...kept.map((each) => `  ${named(each)} stays: ${each.reason}`),
  ];
}

/** The largest difference that was seen, of all outputs and inner values. @param on  what the inputs were */
function comparisonLine({ runs, outputs, values, shapes }: Comparison, on: string): string {
  const widest = [...outputs, ...values].reduce((a, b) => (b.relative > a.relative ? b : a));
  const inputs = Object.entries(shapes).map(([name, dims]) => `${name} [${dims.join(", ")}]`);
  return `Run ${plural(runs, "time")} in onnxruntime on ${on} ${inputs.join(", ")}: largest difference ${short(widest.absolute)}, ${short(widest.relative)} of the largest value (${widest.name})`;
}

/** onnxruntime folds batch norms too as it loads a model: what is left to win in its runs shows in the second pair. */
async function timeLine(before: OnnxModel, after: OnnxModel, inputs: TimeOptions): Promise<string> {
  const ms = ({ before: old, after: now }: Times) => `${short(now)} ms a run, before ${short(old)}`;
  const plain = await timeModels(before, after, { ...inputs, optimized: false });
  const optimized = await timeModels(before, after, inputs);
  return `onnxruntime, one thread: ${ms(plain)}; with its own optimizations ${ms(optimized)}`;
}

async function sizeLine(before: OnnxModel, after: OnnxModel, path: string, output: string): Promise<string> {
  const [old, now] = [(await stat(path)).size, serializeModel(after).length];
  const nodes = (model: OnnxModel) => integer(model.proto.graph.node.length);
  return `${output}: ${nodes(after)} nodes of ${nodes(before)}, ${integer(now)} bytes of ${integer(old)}`;
}
