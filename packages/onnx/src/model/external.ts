/** Tensors whose values are in files beside the model ("external data"). */
import { constants } from "node:buffer";
import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { clearField, create } from "@bufbuild/protobuf";
import {
  type ModelProto,
  type NodeProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { check, OnnxError, sentenceOf } from "../errors.ts";
import { nestedIn } from "./nested.ts";
import { readWhole } from "./whole.ts";

/** Larger tensors begin where memory can be mapped, as ONNX asks for; the largest such step is that of Windows. */
const ALIGNED_FROM = 1 << 20;
const ALIGNMENT = 1 << 16;

function isExternal({ dataLocation }: TensorProto): boolean {
  return dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/** Whether a tensor's values came from another file, to which they go back. */
export function isLoaded(tensor: TensorProto): boolean {
  return isExternal(tensor) && Object.hasOwn(tensor, "rawData");
}

/** Every tensor of a model that is an initializer or an attribute, of inner graphs and functions too. */
export function* tensorsOf({ graph, functions }: ModelProto): Generator<TensorProto> {
  if (graph) yield* tensorsIn(graph.node, graph.initializer);
  for (const { node } of functions) yield* tensorsIn(node, []);
}

function* tensorsIn(nodes: readonly NodeProto[], initializers: readonly TensorProto[]): Generator<TensorProto> {
  yield* initializers;
  for (const node of nodes) {
    for (const { t, tensors } of node.attribute) yield* t ? [t, ...tensors] : tensors;
    for (const { graph } of nestedIn(node)) yield* tensorsIn(graph.node, graph.initializer);
  }
}

/** Tensors in places where values in other files are not looked for. */
function* rareTensorsOf({ graph, trainingInfo }: ModelProto): Generator<TensorProto> {
  const algorithms = trainingInfo.flatMap(({ initialization, algorithm }) => [initialization, algorithm]);
  for (const each of algorithms) if (each) yield* tensorsIn(each.node, each.initializer);
  for (const { values, indices } of graph?.sparseInitializer ?? []) {
    for (const tensor of [values, indices]) if (tensor) yield tensor;
  }
}

interface Place {
  readonly file: string;
  readonly offset: number;
  /** Null: to the end of the file. */
  readonly length: number | null;
}

function placeOf({ name, externalData }: TensorProto): Place {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const file = entries.get("location") ?? "";
  const number = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return null;
    const value = Number(text);
    check(/^\d+$/.test(text) && Number.isSafeInteger(value), "E_FORMAT", () => {
      return `expected the ${key} of tensor "${name}" in its file to be a whole number, got "${text}"`;
    });
    return value;
  };
  check(file !== "", "E_FORMAT", () => `expected tensor "${name}" to name the file of its values`);
  return { file, offset: number("offset") ?? 0, length: number("length") };
}

/**
 * Reads the values of tensors that are in other files: `rawData` of those tensors, which stay marked as external.
 *
 * @param path  absolute
 * @returns     the files, absolute
 * @throws      OnnxError E_FILE when a file cannot be read or is outside of the model's folder; E_FORMAT when it ends too
 *              soon; E_UNSUPPORTED for a sparse tensor with values elsewhere, or one of a training algorithm
 */
export async function loadExternal(model: ModelProto, path: string): Promise<string[]> {
  for (const tensor of rareTensorsOf(model)) {
    check(!isExternal(tensor), "E_UNSUPPORTED", () => {
      return `tensor "${tensor.name}", sparse or of a training algorithm, has its values in another file`;
    });
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const tensor of tensorsOf(model)) {
    if (!isExternal(tensor)) continue;
    const { file, offset, length } = placeOf(tensor);
    const bytes = files.get(file) ?? (await readBeside(path, file));
    files.set(file, bytes);
    const end = length === null ? bytes.length : offset + length;
    check(offset <= end && end <= bytes.length, "E_FORMAT", () => {
      return `expected "${file}" to have ${end} bytes, for tensor "${tensor.name}", got ${bytes.length}: is it cut off?`;
    });
    tensor.rawData = bytes.subarray(offset, end);
  }
  return [...files.keys()].map((file) => resolve(dirname(path), file));
}

async function readBeside(model: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = dirname(model);
  const target = resolve(folder, file);
  const outside = () => `expected values in files of the model's own folder, got "${file}": nothing else is read`;
  check(!isAbsolute(file) && isInside(folder, target), "E_FILE", outside);
  // A symbolic link may lead out of the folder.
  const real = await Promise.all([realpath(folder), realpath(target)]).catch((error: unknown) => {
    const what = `cannot read "${file}", which has values of "${model}": ${sentenceOf(error)}`;
    throw new OnnxError("E_FILE", what, { cause: error });
  });
  check(isInside(...real), "E_FILE", outside);
  return readWhole(target);
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * Gives external tensors their places in one file: all that a model to be written needs.
 *
 * @param tensors  loaded ones; they are changed
 * @param file     the name of the file
 * @returns        the file's bytes
 */
export function placeTogether(tensors: readonly TensorProto[], file: string): Uint8Array {
  let size = 0;
  for (const tensor of tensors) {
    const { length } = tensor.rawData;
    const offset = length < ALIGNED_FROM ? size : Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    size = offset + length;
    const entries = { location: file, offset: String(offset), length: String(length) };
    tensor.externalData = Object.entries(entries).map(([key, value]) => {
      return create(StringStringEntryProtoSchema, { key, value });
    });
  }
  check(size <= constants.MAX_LENGTH, "E_UNSUPPORTED", () => {
    return `values of ${size} bytes in other files are more than can be written: the limit is ${constants.MAX_LENGTH}`;
  });
  const bytes = new Uint8Array(size);
  for (const tensor of tensors) {
    bytes.set(tensor.rawData, Number(tensor.externalData[1].value));
    clearField(tensor, TensorProtoSchema.field.rawData);
  }
  return bytes;
}
