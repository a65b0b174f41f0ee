import type { ValueInfoProto } from "onnx-buf";
import { OnnxError } from "../errors.ts";
import type { OnnxModel } from "./file.ts";
import { typeName } from "./tensor.ts";

/** What a model says of a value that it has to be given. */
export interface DeclaredInput {
  readonly name: string;
  /** As onnxruntime calls it: "float32", "int64", … */
  readonly type: string;
  /**
   * A size along each axis: a number, a name for one that is open, or null where it has no name either. Null altogether
   * where not even the rank is declared.
   */
  readonly dims: readonly (number | string | null)[] | null;
}

/**
 * The inputs that a model has to be given: those that are no initializers.
 *
 * @throws OnnxError E_UNSUPPORTED for one that is no tensor
 */
export function modelInputs({ proto }: OnnxModel): DeclaredInput[] {
  const { input, initializer } = proto.graph;
  const constant = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !constant.has(name)).map(declaration);
}

function declaration({ name, type }: ValueInfoProto): DeclaredInput {
  if (type?.value.case !== "tensorType") throw new OnnxError("E_UNSUPPORTED", `input "${name}" is no tensor`);
  const { elemType, shape } = type.value.value;
  const dims = shape?.dim.map(({ value }) => {
    if (value.case === "dimParam") return value.value || null;
    return value.case === "dimValue" && value.value >= 0n ? Number(value.value) : null;
  });
  return { name, type: typeName(elemType), dims: dims ?? null };
}
