/**
 * The header of a safetensors file, and the rules that it must keep: its size, JSON that begins with {, no name twice,
 * offsets in range, arrays that follow each other without gap or overlap and end where the file ends.
 */
import { BatchNormError } from "../errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Dtype, dtypeNames, dtypes } from "./dtypes.ts";
import { duplicateKey } from "./json.ts";

/** Where an array is. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Of its bytes in the file. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of the bytes. */
  readonly entries: readonly Entry[];
  /** The header's `__metadata__`. */
  readonly metadata: Record<string, string>;
}

/** The format's own limit. */
const MOST_BYTES = 100_000_000;
/** The name in the header that is no array's. */
export const METADATA = "__metadata__";
/** Bytes before the header: its length. */
export const PREFIX = 8;

export function fail(what: string, options?: { cause?: unknown }): BatchNormError {
  return new BatchNormError("E_FORMAT", "safetensors", what, options);
}

/**
 * The length of the header, from the first eight bytes of a file.
 *
 * @param size of the file, in bytes
 */
export function headerLength(prefix: Uint8Array, size: number): number {
  if (size < PREFIX) throw fail(`expected at least 8 bytes, got ${size}: the file is cut off`);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, PREFIX).getBigUint64(0, true));
  if (length > MOST_BYTES) throw fail(`expected a header of at most ${MOST_BYTES} bytes, got ${length}`);
  if (PREFIX + length > size) {
    throw fail(`expected a header of ${length} bytes, got ${size - PREFIX}: the file is cut off`);
  }
  return length;
}

/** @param size of the file, in bytes */
export function parseHeader(bytes: Uint8Array, size: number): Header {
  const { [METADATA]: metadata = {}, ...rest } = parseJson(bytes);
  const start = PREFIX + bytes.length;
  const entries = Object.entries(rest).map(([name, entry]) => describe(name, entry, start));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = start;
  for (const { name, begin, end } of entries) {
    if (begin !== at) {
      throw fail(`expected "${name}" to begin at byte ${at - start}, after the one before, got ${begin - start}`);
    }
    if (end > size) throw fail(`expected ${end - start} bytes of data, got ${size - start}: the file is cut off`);
    at = end;
  }
  if (at !== size) throw fail(`expected ${at - start} bytes of data, got ${size - start}`);
  return { entries, metadata: checkMetadata(metadata) };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw fail("expected a header that begins with {");
  let text: string;
  let header: Record<string, unknown>;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw fail("expected a header of JSON in UTF-8, got something else", { cause: error });
  }
  const twice = duplicateKey(text);
  if (twice !== null) throw fail(`expected every name once, got "${twice}" twice in one object`);
  return header;
}

function natural(v: unknown): v is number {
  return Number.isSafeInteger(v) && (v as number) >= 0;
}

/** A shape that can be written and read. */
export function checkedShape(name: string, shape: unknown): readonly number[] {
  if (Array.isArray(shape) && shape.every(natural)) return shape;
  throw fail(`expected "${name}" to have a shape of natural numbers`);
}

function describe(name: string, entry: unknown, start: number): Entry {
  const { dtype, shape: given, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const shape = checkedShape(name, given);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(natural)) {
    throw fail(`expected "${name}" to have two data_offsets, natural numbers`);
  }
  const known = dtypeNames.find((known) => known === dtype);
  if (!known) {
    const got = typeof dtype === "string" ? dtype : "no name of a type";
    throw fail(`expected "${name}" of type ${dtypeNames.join(", ")}, got ${got}`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = sizeOf(shape) * dtypes[known].width;
  if (end - begin !== bytes) throw fail(`expected "${name}" to take ${bytes} bytes, got ${end - begin}`);
  return { name, dtype: known, shape, begin: start + begin, end: start + end };
}

/** Names and strings, as the format wants them. */
export function checkMetadata(metadata: unknown): Record<string, string> {
  const good =
    typeof metadata === "object" &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((v) => typeof v === "string");
  if (!good) throw fail(`expected ${METADATA} to map names to strings`);
  return metadata as Record<string, string>;
}
