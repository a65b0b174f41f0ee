/** ONNX models as files: what is read is checked first, what is written appears whole or not at all. */
import { access, constants, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { clearField, fromBinary, toBinary } from "@bufbuild/protobuf";
import { writeAtomically } from "batchnorm/node";
import { type ModelProto, ModelProtoSchema, TensorProtoSchema } from "onnx-buf";
import { check, OnnxError, sentenceOf } from "../errors.ts";
import { isOnnxDomain } from "./attributes.ts";
import { copyMessage, copyModel, type WholeModel } from "./copy.ts";
import { isLoaded, loadExternal, placeTogether, tensorsOf } from "./external.ts";
import { readWhole } from "./whole.ts";

/** The first opset whose BatchNormalization and Gemm are as today's. */
export const FIRST_OPSET = 7;
/** Protobuf's own limit. */
const MOST_BYTES = 2 ** 31 - 1;

export interface OnnxModel {
  /** As the protobuf library gives it, unknown fields included. Tensors with values elsewhere have them in `rawData`. */
  readonly proto: WholeModel;
  /** The version of ONNX's operators that the model uses. */
  readonly opset: number;
  /** The files it was read from, absolute, its own first; none for one from bytes. */
  readonly files: readonly string[];
}

/**
 * A model from the bytes of a .onnx file.
 *
 * @throws OnnxError E_FORMAT when the bytes are no ONNX model; E_UNSUPPORTED for opsets before 7, and for models that
 *         define operators of ONNX's own domain themselves
 */
export function parseModel(bytes: Uint8Array): OnnxModel {
  return parse(bytes, "the model");
}

/**
 * Reads a .onnx file, and the values of tensors that are in other files of its folder.
 *
 * @throws OnnxError E_FILE when a file cannot be read; E_UNSUPPORTED for a model of more than 2 GB in one file; else as
 *         `parseModel`
 */
export async function readModel(path: string): Promise<OnnxModel> {
  const bytes = await readWhole(path, MOST_BYTES, "a larger model keeps its weights in other files");
  const model = parse(bytes, `"${path}"`);
  const file = resolve(path);
  return { ...model, files: [file, ...(await loadExternal(model.proto, file))] };
}

/** @param what  the model in messages */
function parse(bytes: Uint8Array, what: string): OnnxModel {
  check(bytes.length > 0, "E_FORMAT", () => `${what} is empty`);
  const proto = decode(bytes, what);
  const { graph, irVersion, opsetImport, functions } = proto;
  check(
    graph !== undefined && irVersion > 0n,
    "E_FORMAT",
    () => `${what} is no ONNX model: it has no graph or version`,
  );
  const versions = new Set(opsetImport.filter(({ domain }) => isOnnxDomain(domain)).map(({ version }) => version));
  check(versions.size === 1, "E_FORMAT", () => {
    return `expected ${what} to name one version of ONNX's operators, got ${versions.size}: is it cut off?`;
  });
  const opset = Number([...versions][0]);
  check(opset >= FIRST_OPSET, "E_UNSUPPORTED", () => {
    return `expected ${what} to use opset ${FIRST_OPSET} or newer, got ${opset}: convert it with onnx.version_converter`;
  });
  const own = functions.find(({ domain }) => isOnnxDomain(domain));
  check(!own, "E_UNSUPPORTED", () => `${what} defines ONNX's operator ${own?.name} itself`);
  return { proto: Object.assign(proto, { graph }), opset, files: [] };
}

function decode(bytes: Uint8Array, what: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxError("E_FORMAT", `${what} is no ONNX model, or is cut off or damaged`, { cause });
  }
}

/**
 * The bytes of a .onnx file that holds everything, values from other files too. Fields come in the order of their
 * numbers, unknown ones after them: a model that is read and written has the same content, not the same bytes.
 *
 * @throws OnnxError E_UNSUPPORTED when there are 2 GB or more
 */
export function serializeModel({ proto }: OnnxModel): Uint8Array<ArrayBuffer> {
  const inline = copyModel(proto, (tensor) => {
    if (!isLoaded(tensor)) return tensor;
    const copy = copyMessage(TensorProtoSchema, tensor);
    clearField(copy, TensorProtoSchema.field.dataLocation);
    copy.externalData = [];
    return copy;
  });
  return encode(inline);
}

function encode(proto: ModelProto): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { rawData } of tensorsOf(proto)) size += rawData.length;
  const fits = () => size <= MOST_BYTES;
  const tooLarge = () =>
    `a model of ${size} bytes does not fit one file: the limit is 2 GB, the rest has to be external`;
  check(fits(), "E_UNSUPPORTED", tooLarge);
  const bytes = toBinary(ModelProtoSchema, proto);
  size = bytes.length;
  check(fits(), "E_UNSUPPORTED", tooLarge);
  return bytes;
}

/**
 * Writes a .onnx file, whole or not at all. Tensors that were read from other files go to one beside it, named like it
 * with ".data" after, which is there before the model is.
 *
 * @throws OnnxError E_FILE when it cannot be written, or would take the place of a file that the model was read from;
 *         E_UNSUPPORTED when it gets too large
 */
export async function writeModel(model: OnnxModel, path: string): Promise<void> {
  await checkDestination(model, path);
  const target = resolve(path);
  const data = dataFileOf(target);
  try {
    if (hasOthers(model)) {
      const { proto, values } = withValuesIn(model, basename(data));
      await writeAtomically(data, values);
      await writeAtomically(target, encode(proto));
    } else {
      await writeAtomically(target, encode(model.proto));
    }
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError("E_FILE", `cannot write "${path}": ${sentenceOf(error)}`, { cause: error });
  }
}

/**
 * What `writeModel` will find in the way, for those who want to know before long work.
 *
 * @throws OnnxError E_FILE when the folder cannot be written to, or a file that the model was read from would be replaced
 */
export async function checkDestination(model: OnnxModel, path: string): Promise<void> {
  const target = resolve(path);
  const sources = await identitiesOf(model.files);
  for (const each of hasOthers(model) ? [target, dataFileOf(target)] : [target]) {
    const [identity] = await identitiesOf([each]);
    check(!identity || !sources.includes(identity), "E_FILE", () => {
      return `expected another output than "${each}", which the model was read from: the original is never changed`;
    });
  }
  const isFolder = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  check(!isFolder, "E_FILE", () => `cannot write "${path}": it is a folder`);
  await access(dirname(target), constants.W_OK).catch((error) => {
    throw new OnnxError("E_FILE", `cannot write "${path}": ${sentenceOf(error)}`, { cause: error });
  });
}

const dataFileOf = (target: string) => `${target}.data`;

/** Whether some of its values come from other files, and so go to one. */
const hasOthers = ({ proto }: OnnxModel) => [...tensorsOf(proto)].some(isLoaded);

function withValuesIn({ proto }: OnnxModel, file: string): { proto: ModelProto; values: Uint8Array } {
  const copy = copyModel(proto, (tensor) => (isLoaded(tensor) ? copyMessage(TensorProtoSchema, tensor) : tensor));
  const values = placeTogether([...tensorsOf(copy)].filter(isLoaded), file);
  return { proto: copy, values };
}

/** What tells files apart whatever their names: device and inode. Nothing for those that are not there. */
async function identitiesOf(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path, { bigint: true })
        .then(({ dev, ino }) => [`${dev}:${ino}`])
        .catch(() => []),
    ),
  );
  return found.flat();
}
