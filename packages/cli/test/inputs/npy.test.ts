/** .npy files: every type, order of bytes and version; what is refused, and how. */
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { parseNpy } from "#dist/inputs/npy.js";
import { counting, float32Npy, npyBytes, npyWithHeader } from "../support/npy.ts";

const refuses = (bytes: Uint8Array, message: string) => {
  const read = () => parseNpy(bytes, "x.npy");
  expect(read).toThrow(InputError);
  expect(read).toThrow(`x.npy: ${message}`);
};

/** Sets the value at an index of a view, in one order of bytes. */
type Setter = (view: DataView, at: number, value: number, isLittle: boolean) => void;

const types: [type: string, dtype: string, set: Setter][] = [
  ["f4", "float32", (view, at, value, little) => view.setFloat32(at * 4, value, little)],
  ["f8", "float64", (view, at, value, little) => view.setFloat64(at * 8, value, little)],
  ["i1", "int8", (view, at, value) => view.setInt8(at, value)],
  ["i2", "int16", (view, at, value, little) => view.setInt16(at * 2, value, little)],
  ["i4", "int32", (view, at, value, little) => view.setInt32(at * 4, value, little)],
  ["i8", "int64", (view, at, value, little) => view.setBigInt64(at * 8, BigInt(value), little)],
  ["u1", "uint8", (view, at, value) => view.setUint8(at, value)],
  ["u2", "uint16", (view, at, value, little) => view.setUint16(at * 2, value, little)],
  ["u4", "uint32", (view, at, value, little) => view.setUint32(at * 4, value, little)],
  ["u8", "uint64", (view, at, value, little) => view.setBigUint64(at * 8, BigInt(value), little)],
];

describe.each(types)("values of type %s", (type, dtype, set) => {
  const values = /^[fi]/.test(type) ? [1, -2, 100, -128, 0, 5] : [1, 2, 100, 255, 0, 5];

  it.each(["<", ">"])("are read in the order of bytes %s, at any place in memory", (endian) => {
    const bytes = new Uint8Array(values.length * Number(type[1]));
    values.forEach((value, i) => {
      set(new DataView(bytes.buffer), i, value, endian === "<");
    });
    const descr = `${type.endsWith("1") ? "|" : endian}${type}`;
    for (const version of [1, 2, 3]) {
      const file = npyBytes({ shape: [2, 3], descr, bytes, version });
      for (const offset of [0, 1]) {
        const place = new Uint8Array(file.length + offset);
        place.set(file, offset);
        const array = parseNpy(place.subarray(offset), "x.npy");
        expect([array.dtype, array.shape, Array.from(array.data, Number)]).toEqual([dtype, [2, 3], values]);
        expect(place.subarray(offset)).toEqual(Uint8Array.from(file));
      }
    }
  });
});

it("float16 comes as numbers, bool as 0 and 1", () => {
  const half = npyBytes({ shape: [3], descr: "<f2", bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 1).buffer) });
  expect(parseNpy(half, "x.npy")).toEqual({
    shape: [3],
    dtype: "float16",
    data: Float32Array.of(1, -2.5, 2 ** -24),
  });
  const flags = npyBytes({ shape: [2], descr: "|b1", bytes: Uint8Array.of(1, 0) });
  expect(parseNpy(flags, "x.npy")).toMatchObject({ dtype: "bool", data: { 0: 1, 1: 0 } });
  refuses(npyBytes({ shape: [2], descr: "|b1", bytes: Uint8Array.of(1, 2) }), "expected booleans that are 0 or 1");
});

it("fields of the header may come in any order, without the last comma", () => {
  const header = "{'shape':(2 , 1),'fortran_order': False , 'descr':'<f4'}";
  expect(parseNpy(npyWithHeader(header, new Uint8Array(8)), "x.npy").shape).toEqual([2, 1]);
});

describe("an .npy file is refused", () => {
  it("with values in Fortran's order, and what to do", () => {
    const bytes = new Uint8Array(16);
    refuses(
      npyBytes({ shape: [2, 2], descr: "<f4", bytes, fortran: true }),
      "its values are in Fortran's order: save np",
    );
  });

  it.each(["<c8", "|O", "<U3", "<M8[s]", "=f4", "|f4", "f4", "<f1", "|V4"])("with values of type %s", (descr) => {
    refuses(npyBytes({ shape: [1], descr, bytes: new Uint8Array(4) }), "expected ");
  });

  it("with more or fewer bytes than its shape says", () => {
    const file = float32Npy([2, 3], counting(6));
    refuses(file.subarray(0, -1), "is cut off: expected 24 bytes of values of shape [2, 3], got 23");
    refuses(Buffer.concat([file, Buffer.of(0)]), "has bytes after its end: expected 24 bytes");
    refuses(float32Npy([2 ** 50, 2 ** 50], counting(6)), "is cut off");
    refuses(float32Npy([2 ** 52, 2 ** 52, 0], counting(6)), "has bytes after its end");
  });

  it.each([
    "",
    "{}",
    "{'descr': '<f4', 'fortran_order': False, }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': True, }",
    "{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': '', 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': '1,', }",
    ...["(1)", "(,)", "(-1,)", "(1 1,)", "(1.5,)", "(1,,1)", "(99999999999999999999,)", "[1]", "1"].map(
      (shape) => `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`,
    ),
  ])("with the header %s", (header) => {
    refuses(npyWithHeader(header, new Uint8Array(4)), "expected a header with descr, fortran_order and shape");
  });

  it("of another version, with a header that is too long, or of another kind", () => {
    refuses(
      npyBytes({ shape: [1], descr: "|u1", bytes: Uint8Array.of(1), version: 4 }),
      "expected version 1.0, 2.0 or",
    );
    const long = npyBytes({ shape: [1], descr: "|u1", bytes: Uint8Array.of(1), version: 2 });
    new DataView(long.buffer, long.byteOffset).setUint32(8, 2 ** 31, true);
    refuses(long, "expected a header of at most 65535 bytes");
    refuses(Buffer.from("PK"), "expected an .npy file, which begins with \\x93NUMPY");
  });
});
