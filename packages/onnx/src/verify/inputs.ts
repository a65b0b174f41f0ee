/** What a model is run on to be compared with another. */
import type { Random } from "batchnorm";
import type { InferenceSession } from "onnxruntime-node";
import { check, OnnxError } from "../errors.ts";
import { type InputOptions, type NamedInput, randomValues } from "./values.ts";

/** What a size that the model leaves open gets: the first axis is that of samples. */
const SAMPLES = 2;
const OTHERS = 64;
/** More than this nobody means: a size was taken for another. */
const MOST_VALUES = 1 << 28;

/**
 * One set of inputs.
 *
 * @throws OnnxError E_VALUE for an option that does not fit the model's inputs
 */
export function drawInputs(session: InferenceSession, options: InputOptions, random: Random): Map<string, NamedInput> {
  const { inputs = {}, shapes = {} } = options;
  for (const name of [...Object.keys(inputs), ...Object.keys(shapes)]) {
    check(session.inputNames.includes(name), "E_VALUE", () => {
      return `expected one of the model's inputs, ${session.inputNames.join(", ")}, got "${name}"`;
    });
  }
  return new Map(
    session.inputMetadata.map((input) => {
      if (!input.isTensor) throw new OnnxError("E_UNSUPPORTED", `input "${input.name}" is no tensor`);
      const { name, type } = input;
      const given = inputs[name];
      const dims = given?.dims ?? shapes[name] ?? input.shape.map((size, axis) => sizeOf(size, axis, options));
      checkShape(name, dims, input.shape);
      const count = dims.reduce((product, size) => product * size, 1);
      check(count <= MOST_VALUES, "E_VALUE", () => `input "${name}" would have ${count} values: give its shape`);
      check(!given || given.data.length === count, "E_VALUE", () => {
        return `expected ${count} values for input "${name}" of shape [${dims.join(", ")}], got ${given?.data.length}`;
      });
      return [name, { type, dims, data: given?.data ?? randomValues(type, count, random, name) }];
    }),
  );
}

function sizeOf(size: number | string, axis: number, { sizes = {} }: InputOptions): number {
  if (typeof size === "number") return size;
  return sizes[size] ?? (axis === 0 ? SAMPLES : OTHERS);
}

function checkShape(name: string, dims: readonly number[], declared: readonly (number | string)[]): void {
  const valid = dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  // An empty shape is that of a scalar, or one that is not declared.
  const fits =
    declared.length === 0 ||
    (dims.length === declared.length && declared.every((size, i) => typeof size === "string" || size === dims[i]));
  check(valid && fits, "E_VALUE", () => {
    return `expected input "${name}" to have shape [${declared.join(", ")}], got [${dims.join(", ")}]`;
  });
}
