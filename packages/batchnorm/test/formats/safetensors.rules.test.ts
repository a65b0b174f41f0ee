/** Every rule of the format, broken: an error that says which. */
import { describe, expect, it } from "vitest";
import { readSafetensors } from "#dist/formats/safetensors.js";
import { safetensorsBytes } from "../support/safetensors.ts";

function refuses(bytes: Uint8Array, message: string): void {
  expect(() => readSafetensors(bytes)).toThrow(
    expect.objectContaining({ code: "E_FORMAT", message: expect.stringContaining(message) }),
  );
}

const zeros = (count: number) => new Uint8Array(count);
const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const file = (header: unknown, size: number) => safetensorsBytes(JSON.stringify(header), zeros(size));

describe("a header", () => {
  it("must have its eight bytes of length", () => {
    for (let n = 0; n < 8; n++) refuses(zeros(n), `at least 8 bytes, got ${n}`);
  });

  it("must not be larger than the format allows", () => {
    for (const length of [100_000_001n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = zeros(100);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      refuses(bytes, "at most 100000000 bytes");
    }
  });

  it("must not be longer than the file", () => {
    const bytes = safetensorsBytes("{}", []);
    new DataView(bytes.buffer).setBigUint64(0, 3n, true);
    refuses(bytes, "a header of 3 bytes, got 2");
  });

  it("must be JSON", () => {
    for (const text of ["{", "{]", "{'a': 1}", '{"a": 1,}', "{}x", "{}\0"]) refuses(safetensorsBytes(text, []), "JSON");
  });

  it("must be UTF-8", () => {
    refuses(safetensorsBytes(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), []), "UTF-8");
  });

  it("must begin with {", () => {
    for (const text of ["", " {}", "\ufeff{}", "[]", '"{}"', "null", "1"]) {
      refuses(safetensorsBytes(text, []), "begins with {");
    }
  });

  it("must not have a name twice", () => {
    const a = JSON.stringify(entry(0, 4));
    refuses(safetensorsBytes(`{"a": ${a}, "a": ${a}}`, zeros(4)), '"a" twice');
    refuses(safetensorsBytes(`{"a": ${a}, "\\u0061": ${a}}`, zeros(4)), '"a" twice');
    const shape = '{"dtype": "F32", "shape": [2], "shape": [1], "data_offsets": [0, 4]}';
    refuses(safetensorsBytes(`{"a": ${shape}}`, zeros(4)), '"shape" twice');
    refuses(safetensorsBytes('{"__metadata__": {"k": "1", "k": "2"}}', []), '"k" twice');
  });
});

describe("metadata", () => {
  it.each([[{ a: 1 }], [{ a: null }], [{ a: {} }], [["a"]], ["a"], [null], [1]])(
    "must map names to strings: %j",
    (value) => {
      refuses(file({ __metadata__: value }, 0), "__metadata__ to map names to strings");
    },
  );
});

describe("an array", () => {
  it.each([null, 1, "a", [], {}, { dtype: "F32", data_offsets: [0, 4] }])("must have a shape: %j", (value) => {
    refuses(file({ a: value }, 4), '"a" to have a shape');
  });

  it.each([["4"], [[-1]], [[1.5]], [["1"]], [[null]], [[2 ** 53]], [{ length: 1 }]])(
    "must have a shape of natural numbers: %j",
    (shape) => {
      refuses(file({ a: entry(0, 4, shape) }, 4), "shape of natural numbers");
    },
  );

  it.each([[undefined], [4], [[0]], [[0, 2, 4]], [[0, "4"]], [[-4, 0]], [[0, 4.5]]])(
    "must have two offsets: %j",
    (offsets) => {
      refuses(file({ a: { dtype: "F32", shape: [1], data_offsets: offsets } }, 4), "two data_offsets");
    },
  );

  it.each([["BOOL"], ["F8_E4M3"], ["U64"], ["f32"], [""], [4], [null], [["F32"]]])(
    "must be of a type that we read: %j",
    (dtype) => {
      refuses(file({ a: entry(0, 8, [1], dtype) }, 8), 'expected "a" of type F64, I64, F32, I32, F16, BF16, U8, got');
    },
  );

  it("must take as many bytes as its shape says", () => {
    refuses(file({ a: entry(0, 4, [2]) }, 4), '"a" to take 8 bytes, got 4');
    refuses(file({ a: entry(0, 8, [2], "F64") }, 8), '"a" to take 16 bytes, got 8');
    refuses(file({ a: entry(4, 0, [1]) }, 4), '"a" to take 4 bytes, got -4');
    refuses(file({ a: entry(0, 0, []) }, 0), '"a" to take 4 bytes, got 0');
  });

  it("must not be larger than any memory", () => {
    refuses(file({ a: entry(0, 4, [2 ** 52, 2 ** 52]) }, 4), '"a" to take');
    refuses(file({ a: entry(0, 4, new Array(40).fill(2 ** 30)) }, 4), '"a" to take');
    refuses(file({ a: entry(0, 2 ** 42, [2 ** 40]) }, 4), "4398046511104 bytes of data, got 4");
  });

  it("must not overlap another", () => {
    refuses(file({ a: entry(0, 8), b: entry(4, 12) }, 12), '"b" to begin at byte 8, after the one before, got 4');
    refuses(file({ a: entry(0, 4), b: entry(0, 4) }, 4), '"b" to begin at byte 4, after the one before, got 0');
  });

  it("must follow the one before without a gap", () => {
    refuses(file({ a: entry(0, 4), b: entry(8, 12) }, 12), '"b" to begin at byte 4, after the one before, got 8');
    refuses(file({ a: entry(4, 8) }, 8), '"a" to begin at byte 0');
  });

  it("must end where the file has bytes", () => {
    refuses(file({ a: entry(0, 4), b: entry(4, 12) }, 11), "12 bytes of data, got 11: the file is cut off");
  });
});

it("bytes after the last array are refused", () => {
  refuses(file({ a: entry(0, 4) }, 5), "expected 4 bytes of data, got 5");
  refuses(file({}, 1), "expected 0 bytes of data, got 1");
});
