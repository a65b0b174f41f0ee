/**
 * The safetensors format: eight bytes with the length of a JSON header, the header, the arrays' bytes.
 * Reading checks the header against the format's rules: its size, no name twice, offsets in range, arrays that follow
 * each other without gap or overlap and end where the file ends.
 */
import { BatchNormError } from "../errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { duplicateKey } from "./json.ts";

export type Dtype = "F32" | "F64";

export interface SafeTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export interface SafeTensors {
  tensors: Record<string, SafeTensor>;
  /** The header's `__metadata__`. */
  metadata: Record<string, string>;
}

const widths: Record<Dtype, number> = { F32: 4, F64: 8 };
/** The format's own limit. */
const MOST_HEADER_BYTES = 100_000_000;
/** The name in the header that is no array's. */
const METADATA = "__metadata__";

function fail(what: string): BatchNormError {
  return new BatchNormError("E_FORMAT", "safetensors", what);
}

/**
 * The bytes of a file that holds these arrays, in this order but float64 first, so that all are aligned.
 *
 * @throws BatchNormError E_FORMAT for an array named __metadata__, which is the header's own name
 */
export function writeSafetensors({ tensors, metadata }: SafeTensors): Uint8Array {
  if (Object.hasOwn(tensors, METADATA)) throw fail(`expected arrays of any other name than ${METADATA}`);
  const entries = Object.entries(tensors).sort(([, a], [, b]) => dtypeOf(b).localeCompare(dtypeOf(a)));
  const header: [string, unknown][] = Object.keys(metadata).length ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const [name, tensor] of entries) {
    const end = offset + tensor.data.byteLength;
    header.push([name, { dtype: dtypeOf(tensor), shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function dtypeOf({ data }: SafeTensor): Dtype {
  return data instanceof Float64Array ? "F64" : "F32";
}

/**
 * The arrays of a safetensors file, copied.
 *
 * @throws BatchNormError E_FORMAT when the bytes break a rule of the format, or hold a type other than F32 and F64
 */
export function readSafetensors(bytes: Uint8Array): SafeTensors {
  if (bytes.length < 8) throw fail(`expected at least 8 bytes, got ${bytes.length}: the file is cut off`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MOST_HEADER_BYTES) throw fail(`expected a header of at most ${MOST_HEADER_BYTES} bytes, got ${length}`);
  if (8 + length > bytes.length) {
    throw fail(`expected a header of ${length} bytes, got ${bytes.length - 8}: the file is cut off`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + length));
  const { __metadata__: metadata = {}, ...rest } = header;
  // Not `bytes.subarray`: that of a Buffer is a Buffer, whose `slice` does not copy.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + 8 + length, bytes.length - 8 - length);
  const described = Object.entries(rest).map(([name, entry]) => describe(name, entry));
  described.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let offset = 0;
  const tensors: [string, SafeTensor][] = [];
  for (const { name, dtype, shape, begin, end } of described) {
    if (begin !== offset)
      throw fail(`expected "${name}" to begin at byte ${offset}, after the one before, got ${begin}`);
    if (end > body.length) throw fail(`expected ${end} bytes of data, got ${body.length}: the file is cut off`);
    const copy = body.slice(begin, end).buffer;
    tensors.push([name, { shape, data: dtype === "F64" ? new Float64Array(copy) : new Float32Array(copy) }]);
    offset = end;
  }
  if (offset !== body.length) throw fail(`expected ${offset} bytes of data, got ${body.length}`);
  // Unlike assignment, this takes "__proto__" as a name like any other.
  return { tensors: Object.fromEntries(tensors), metadata: checkMetadata(metadata) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw fail("expected a header that begins with {");
  let text: string;
  let header: Record<string, unknown>;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw fail("expected a header of JSON in UTF-8, got something else");
  }
  const twice = duplicateKey(text);
  if (twice !== null) throw fail(`expected every name once, got "${twice}" twice in one object`);
  return header;
}

function describe(name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const natural = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(natural))
    throw fail(`expected "${name}" to have a shape of natural numbers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(natural)) {
    throw fail(`expected "${name}" to have two data_offsets, natural numbers`);
  }
  if (dtype !== "F32" && dtype !== "F64")
    throw fail(`expected "${name}" of type F32 or F64, got ${typeof dtype === "string" ? dtype : "no name of a type"}`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * widths[dtype]) {
    throw fail(`expected "${name}" to take ${sizeOf(shape) * widths[dtype]} bytes, got ${end - begin}`);
  }
  return { name, dtype: dtype as Dtype, shape: shape as number[], begin, end };
}

function checkMetadata(metadata: unknown): Record<string, string> {
  const good =
    typeof metadata === "object" &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((v) => typeof v === "string");
  if (!good) throw fail("expected __metadata__ to map names to strings");
  return metadata as Record<string, string>;
}
