import { Random } from "batchnorm";
import type { InferenceSession } from "onnxruntime-node";
import { check, checkOptions } from "../errors.ts";
import type { OnnxModel } from "../model/file.ts";
import { drawInputs } from "./inputs.ts";
import { loadRuntime, openSession, runOn } from "./runtime.ts";
import { type InputOptions, inputOptions, type NamedInput, numbersFrom } from "./values.ts";

export interface CompareOptions extends InputOptions {
  /** What random inputs come from; 1 by default. */
  readonly seed?: number;
  /** How often the models are run, on other random inputs each time; twice by default. */
  readonly runs?: number;
  /**
   * Inner values that both models compute, by name: compared as outputs are. A wrong weight shows there first; a sigmoid
   * at the end may hide it.
   */
  readonly values?: readonly string[];
}

/** How far an output of two models, or a value within, differs over all runs. */
export interface Difference {
  readonly name: string;
  readonly type: string;
  /** Values compared. */
  readonly count: number;
  /** The largest difference; infinite where only one value is finite, or where types or shapes differ. */
  readonly absolute: number;
  /** The largest magnitude that the first model gives. */
  readonly largest: number;
  /** The largest difference over the largest magnitude. */
  readonly relative: number;
}

export interface Comparison {
  readonly runs: number;
  /** The shapes of the inputs that the models were run on. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly outputs: readonly Difference[];
  /** Of the inner values that were asked for. */
  readonly values: readonly Difference[];
}

/**
 * Whether two models agree: every output to `bound` times its largest magnitude or 1, whichever is more; every inner value
 * to `bound` times its largest magnitude.
 */
export function agree({ outputs, values }: Comparison, bound: number): boolean {
  return (
    outputs.every(({ absolute, largest }) => absolute <= bound * Math.max(1, largest)) &&
    values.every(({ relative }) => relative <= bound)
  );
}

/**
 * Runs two models in onnxruntime on the same inputs, and says how far their outputs differ.
 *
 * Sizes that a model leaves open are 2 for the first axis and 64 for others, unless given. Random floats are standard
 * normal, integers 0 or 1.
 *
 * @throws OnnxError E_RUN when onnxruntime-node is not installed or does not run a model; E_VALUE for options or outputs
 *         that do not fit
 */
export async function compareModels(
  before: OnnxModel,
  after: OnnxModel,
  options: CompareOptions = {},
): Promise<Comparison> {
  checkOptions(options, ["seed", "runs", "values", ...inputOptions]);
  const { seed = 1, runs = 2, values = [] } = options;
  check(Number.isSafeInteger(runs) && runs > 0, "E_VALUE", () => `expected a number of runs from 1 on, got ${runs}`);
  check(Number.isSafeInteger(seed), "E_VALUE", () => `expected a seed that is a whole number, got ${seed}`);
  const runtime = await loadRuntime();
  const sessions: InferenceSession[] = [];
  try {
    const first = await openSession(runtime, before, "the first model", { values });
    sessions.push(first);
    const second = await openSession(runtime, after, "the second model", { values });
    sessions.push(second);
    const names = first.outputNames;
    check(second.outputNames.join() === names.join(), "E_VALUE", () => {
      return `expected two models with the same outputs, got ${names.join(", ")} and ${second.outputNames.join(", ")}`;
    });
    const all = new Map(names.map((name) => [name, new Widest(name)]));
    const isInner = ({ name }: Difference) => !before.proto.graph.output.some((output) => output.name === name);
    const random = new Random(seed);
    let inputs = new Map<string, NamedInput>();
    for (let run = 0; run < runs; run++) {
      inputs = drawInputs(first, options, random);
      const expected = await runOn(runtime, first, inputs, "the first model");
      const got = await runOn(runtime, second, inputs, "the second model");
      for (const [name, widest] of all) widest.add(expected[name], got[name]);
    }
    const differences = [...all.values()].map((widest) => widest.difference());
    return {
      runs,
      shapes: Object.fromEntries([...inputs].map(([name, { dims }]) => [name, dims])),
      outputs: differences.filter((each) => !isInner(each)),
      values: differences.filter(isInner),
    };
  } finally {
    for (const session of sessions) await session.release();
  }
}

type Values = InferenceSession.OnnxValueMapType;

/** The largest difference seen between two values of an output, and the largest value. */
class Widest {
  readonly #name: string;
  #type = "";
  #count = 0;
  #absolute = 0;
  #largest = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(expected: Values[string], got: Values[string]): void {
    this.#type = expected.type;
    this.#count += expected.size;
    if (got.type !== expected.type || got.dims.join() !== expected.dims.join()) {
      this.#absolute = Number.POSITIVE_INFINITY;
      return;
    }
    const a = numbersFrom(expected.type, expected.data as ArrayLike<unknown>);
    const b = numbersFrom(got.type, got.data as ArrayLike<unknown>);
    if (!a || !b) {
      if (String(expected.data) !== String(got.data)) this.#absolute = Number.POSITIVE_INFINITY;
      return;
    }
    for (let i = 0; i < a.length; i++) {
      if (Number.isFinite(a[i])) this.#largest = Math.max(this.#largest, Math.abs(a[i]));
      // The same, infinite or not a number in both models.
      if (Object.is(a[i], b[i])) continue;
      const difference = Math.abs(a[i] - b[i]);
      this.#absolute = Math.max(this.#absolute, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
    }
  }

  difference(): Difference {
    const absolute = this.#absolute;
    const largest = this.#largest;
    const relative = absolute === 0 ? 0 : absolute / largest;
    return { name: this.#name, type: this.#type, count: this.#count, absolute, largest, relative };
  }
}
