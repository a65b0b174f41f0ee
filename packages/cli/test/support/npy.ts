/** Bytes of .npy files, as NumPy writes them. */

export interface NpySpec {
  shape: readonly number[];
  /** As NumPy calls it, "<f4"; bytes go into the file as they are. */
  descr: string;
  bytes: Uint8Array;
  version?: number;
  fortran?: boolean;
}

export function npyBytes({ shape, descr, bytes, version = 1, fortran = false }: NpySpec): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const order = fortran ? "True" : "False";
  return npyWithHeader(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }`, bytes, version);
}

/** With any text as the header, padded as the format wants it. */
export function npyWithHeader(text: string, bytes: Uint8Array, version = 1): Uint8Array {
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const length = Math.ceil((start + text.length + 1) / 64) * 64 - start;
  const file = Buffer.alloc(start + length + bytes.length);
  file.write("\x93NUMPY", "latin1");
  file[6] = version;
  file.writeUIntLE(length, 8, lengthBytes);
  file.write(`${text.padEnd(length - 1)}\n`, start, "latin1");
  file.set(bytes, start + length);
  return file;
}

export function float32Npy(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  return npyBytes({ shape, descr: "<f4", bytes: new Uint8Array(Float32Array.from(values).buffer) });
}

/** 0, 1, 2, … */
export function counting(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => i);
}

/** For inputs that are no images: nobody may ask how those become numbers. */
export function noImages(): never {
  throw new Error("expected no images");
}
