/** The safetensors format: eight bytes with the length of a JSON header, the header (see header.ts), the arrays' bytes. */
import { checkOptions } from "../options.ts";
import { bytesOf, nameOf, typedArrayName } from "../tensor/arrays.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Dtype, dtypeNames, dtypeOf, dtypes, type Values } from "./dtypes.ts";
import { checkedShape, checkMetadata, fail, headerLength, METADATA, PREFIX, parseHeader } from "./header.ts";

export interface SafeTensor {
  readonly shape: readonly number[];
  readonly data: Values;
  /** In the file. When written, by default what the array says; "F16" and "BF16" are of a Float32Array, rounded. */
  readonly dtype?: Dtype;
}

export interface SafeTensors {
  tensors: Record<string, SafeTensor>;
  /** The header's `__metadata__`. */
  metadata: Record<string, string>;
}

/**
 * The bytes of a file that holds these arrays: the widest types first, so that all are aligned, else in this order.
 *
 * @throws BatchNormError E_FORMAT for an array named __metadata__, which is the header's own name; for an array whose
 *         type or length does not fit its `dtype` or shape; for metadata that are not strings. E_VALUE for other fields
 */
export function writeSafetensors(file: Pick<SafeTensors, "tensors"> & Partial<SafeTensors>): Uint8Array {
  checkOptions("safetensors", file, ["tensors", "metadata"]);
  const { tensors, metadata = {} } = file;
  checkMetadata(metadata);
  if (Object.hasOwn(tensors, METADATA)) throw fail(`expected arrays of any other name than ${METADATA}`);
  const parts = Object.entries(tensors).map(([name, tensor]) => ({ name, ...encoded(name, tensor) }));
  parts.sort((a, b) => dtypeNames.indexOf(a.dtype) - dtypeNames.indexOf(b.dtype));
  const header: [string, unknown][] = Object.keys(metadata).length ? [[METADATA, metadata]] : [];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of parts) {
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes.length] }]);
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  const written = new Uint8Array(PREFIX + length + offset);
  new DataView(written.buffer).setBigUint64(0, BigInt(length), true);
  written.fill(0x20, PREFIX, PREFIX + length);
  written.set(json, PREFIX);
  let at = PREFIX + length;
  for (const { bytes } of parts) {
    written.set(bytes, at);
    at += bytes.length;
  }
  return written;
}

function encoded(name: string, tensor: SafeTensor) {
  const { shape: given, data, dtype = dtypeOf(data) } = tensor ?? {};
  const shape = checkedShape(name, given);
  if (dtype !== null && !dtypeNames.includes(dtype)) {
    throw fail(`expected "${name}" of type ${dtypeNames.join(", ")}, got ${dtype}`);
  }
  if (!dtype || typedArrayName(data) !== dtypes[dtype].array.name) {
    const wanted = dtype ? `a ${dtypes[dtype].array.name} as ${dtype}` : "an array of numbers that the format has";
    throw fail(`expected "${name}" in ${wanted}, got ${nameOf(data)}`);
  }
  if (data.length !== sizeOf(shape)) {
    throw fail(`expected ${sizeOf(shape)} values of "${name}", as its shape says, got ${data.length}`);
  }
  const { buffer, byteOffset, byteLength } = dtypes[dtype].write(data);
  return { dtype, shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * The arrays of a safetensors file, copied.
 *
 * @throws BatchNormError E_FORMAT when the bytes break a rule of the format, or hold a type that is not supported; E_VALUE
 *         for what are no bytes
 */
export function readSafetensors(data: Uint8Array | ArrayBuffer): SafeTensors {
  // Not the Buffer that it may be, whose `slice` does not copy.
  const bytes = bytesOf("safetensors", data);
  const length = headerLength(bytes, bytes.length);
  const { entries, metadata } = parseHeader(bytes.subarray(PREFIX, PREFIX + length), bytes.length);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, SafeTensor] => {
    return [name, { dtype, shape, data: dtypes[dtype].read(bytes.slice(begin, end).buffer) }];
  });
  // Unlike assignment, this takes "__proto__" as a name like any other.
  return { tensors: Object.fromEntries(tensors), metadata };
}
