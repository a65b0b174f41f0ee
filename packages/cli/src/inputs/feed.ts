import { type DeclaredInput, type ModelInput, modelInputs, type OnnxModel } from "batchnorm-onnx";
import { InputError } from "../errors.ts";
import { integer, list } from "../words.ts";
import { checkTypes, convert } from "./convert.ts";
import { imageDefaults } from "./imagedefaults.ts";
import type { Samples } from "./samples.ts";

/** Samples for all inputs of a model. */
export interface Feeds {
  readonly count: number;
  /** How many the model takes at a time; null where it leaves that open. */
  readonly batch: number | null;
  /** What messages call the samples of each input. */
  readonly sources: readonly string[];
  /**
   * Samples from, up to and without to, by the names of the model's inputs.
   *
   * @throws InputError when they cannot be read, or a value is not finite or none of the input's type
   */
  read(from: number, to: number): Promise<Record<string, ModelInput>>;
}

interface Match {
  readonly input: DeclaredInput;
  readonly samples: Samples;
}

/**
 * Matches samples to a model's inputs: by name, or one to one where there is only one of each. Arrays that no input has
 * the name of are left alone.
 *
 * @throws InputError when an input gets none, or samples that do not fit it or each other
 */
export function feedsFor(model: OnnxModel, samples: readonly Samples[]): Feeds {
  const inputs = modelInputs(model);
  if (inputs.length === 0) throw new InputError("expected a model with inputs, got one without");
  const matches = inputs.map((input) => ({ input, samples: samplesFor(input, inputs, samples) }));
  for (const match of matches) {
    checkTypes(match.samples.dtype, match.input.type, named(match));
    checkShape(match);
  }
  const count = commonCount(matches);
  const batch = commonBatch(matches);
  if (batch !== null && batch > count) {
    throw new InputError(
      `expected at least ${integer(batch)} samples, as many as the model takes at a time, got ${integer(count)}`,
    );
  }
  return {
    count,
    batch,
    sources: matches.map(({ samples: { source } }) => source),
    async read(from, to) {
      const values: [string, ModelInput][] = [];
      for (const match of matches) {
        const { name, type } = match.input;
        const { shape, dtype } = match.samples;
        const data = convert(await match.samples.read(from, to), dtype, type, named(match));
        values.push([name, { data, dims: [to - from, ...shape] }]);
      }
      return Object.fromEntries(values);
    },
  };
}

function samplesFor({ name }: DeclaredInput, inputs: readonly DeclaredInput[], samples: readonly Samples[]): Samples {
  const found = samples.find((each) => each.name === name);
  if (found) return found;
  if (inputs.length === 1 && samples.length === 1) return samples[0];
  const wanted = list(inputs.map((input) => `"${input.name}"`));
  const got = samples.map(({ source }) => source).join(", ");
  throw new InputError(`expected arrays with the names of the model's inputs, ${wanted}; "${name}" is not in ${got}`);
}

/** The samples and the input in messages. */
function named({ input, samples }: Match): string {
  return `${samples.source}, for input "${input.name}"`;
}

function commonCount(matches: readonly Match[]): number {
  const [first] = matches;
  const other = matches.find(({ samples }) => samples.count !== first.samples.count);
  if (other) {
    const each = ({ samples }: Match) => `${integer(samples.count)} in ${samples.source}`;
    throw new InputError(`expected as many samples for each input, got ${each(first)} and ${each(other)}`);
  }
  return first.samples.count;
}

function commonBatch(matches: readonly Match[]): number | null {
  const sizes = new Set(matches.flatMap(({ input: { dims } }) => (typeof dims?.[0] === "number" ? [dims[0]] : [])));
  if (sizes.size > 1 || sizes.has(0)) {
    throw new InputError(
      `expected a model whose inputs take as many samples at a time, got ${list([...sizes].map(integer))}`,
    );
  }
  return sizes.size === 1 ? [...sizes][0] : null;
}

function checkShape(match: Match): void {
  const { dims } = match.input;
  const { shape } = match.samples;
  if (!dims || fits([null, ...shape], dims)) return;
  const expected = dims.length > 0 ? `[${dims.map((size) => size ?? "?").join(", ")}]` : "a single number";
  throw new InputError(
    `${named(match)}: expected an array of shape ${expected}, the first axis that of samples, got [${[match.samples.count, ...shape].join(", ")}]${layoutHint(shape, dims)}`,
  );
}

type Dims = NonNullable<DeclaredInput["dims"]>;

/** Whether all sizes but the first are those of the model, or open there. */
function fits(shape: readonly (number | null)[], dims: Dims): boolean {
  return (
    dims.length === shape.length && dims.every((size, i) => i === 0 || typeof size !== "number" || size === shape[i])
  );
}

/** Says more where the channels of images are on the other end. */
function layoutHint([a, b, c]: readonly number[], dims: Dims): string {
  const { layout } = imageDefaults(dims);
  const hint = (got: string, order: string) =>
    `; the data look like ${got}, the model takes ${layout}: save np.transpose(x, ${order}), or give images with --layout ${layout}`;
  if (layout === "NCHW" && fits([null, c, a, b], dims)) return hint("NHWC", "(0, 3, 1, 2)");
  if (layout === "NHWC" && fits([null, b, c, a], dims)) return hint("NCHW", "(0, 2, 3, 1)");
  return "";
}
