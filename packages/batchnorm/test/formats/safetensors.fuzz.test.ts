/** Whatever the bytes: arrays no larger than the file (numbers of 16 bits twice as large), or an E_FORMAT. */
import { BatchNormError } from "batchnorm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type SafeTensor, writeSafetensors } from "#dist/formats/safetensors.js";
import { safetensorsBytes } from "../support/safetensors.ts";

/** Whether reading ends as it should. */
function reads(bytes: Uint8Array): boolean {
  try {
    const arrays = Object.values(readSafetensors(bytes).tensors);
    const inFile = (tensor: SafeTensor) => tensor.data.buffer.byteLength / (tensor.dtype?.includes("16") ? 2 : 1);
    return arrays.reduce((sum, tensor) => sum + inFile(tensor), 0) <= bytes.length;
  } catch (error) {
    return error instanceof BatchNormError && error.code === "E_FORMAT";
  }
}

const runs = { seed: 1, numRuns: 2000 };

describe("reading", () => {
  it("survives random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), reads), runs);
  });

  it("survives random bytes after a length that fits", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, (header, data) => reads(safetensorsBytes(header, data))),
      runs,
    );
  });

  it("survives random JSON as the header", () => {
    const header = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(header, fc.nat({ max: 64 }), (text, size) => reads(safetensorsBytes(text, new Uint8Array(size)))),
      runs,
    );
  });

  it("survives headers that are nearly right", () => {
    const number = fc.oneof(fc.nat({ max: 16 }), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e308, null, "4"));
    const entry = fc.record(
      {
        dtype: fc.constantFrom("F32", "F64", "I64", "F16", "U8", "BOOL", 1),
        shape: fc.array(number, { maxLength: 4 }),
        data_offsets: fc.array(number, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(fc.constantFrom("a", "b", "__metadata__", "__proto__"), entry);
    const property = fc.property(header, fc.nat({ max: 32 }), (value, size) =>
      reads(safetensorsBytes(JSON.stringify(value), new Uint8Array(size))),
    );
    fc.assert(property, runs);
  });

  it("survives files that are nearly right", () => {
    const file = writeSafetensors({
      tensors: {
        "layer.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
        count: { shape: [], data: Float64Array.of(7) },
      },
      metadata: { format: "pt" },
    });
    expect(reads(file)).toBe(true);
    const change = fc.record({ at: fc.nat({ max: file.length - 1 }), to: fc.nat({ max: 255 }) });
    const cut = fc.record({ from: fc.nat({ max: file.length }), count: fc.nat({ max: 20 }) });
    const property = fc.property(fc.array(change, { maxLength: 3 }), cut, (changes, { from, count }) => {
      const bytes = file.slice();
      for (const { at, to } of changes) bytes[at] = to;
      return reads(Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + count)]));
    });
    fc.assert(property, runs);
  });

  it("survives JSON that is nested deeper than a stack", () => {
    const depth = 200_000;
    const nested = "[".repeat(depth) + "]".repeat(depth);
    for (const header of [`{"a": ${nested}}`, `{"a": {"dtype": ${nested}, "shape": [1], "data_offsets": [0, 4]}}`]) {
      expect(reads(safetensorsBytes(header, new Uint8Array(4)))).toBe(true);
    }
    const objects = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    expect(reads(safetensorsBytes(objects, []))).toBe(true);
  });
});
