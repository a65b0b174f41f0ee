import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duplicateKey } from "#dist/formats/json.js";

describe("duplicateKey", () => {
  it.each([
    ['{"a": 1, "a": 1}', "a"],
    ['{"b": 1, "a": {"c": [1, {"d": 1, "d": 2}]}}', "d"],
    ['{"a" \n\t\r : 1, "a":2}', "a"],
    ['{"a": {"b": 1}, "c": 1, "a": 2}', "a"],
    ['{"\\u0061": 1, "a": 2}', "a"],
    ['{"": 1, "": 2}', ""],
    ['{"\\"": 1, "\\"": 2}', '"'],
    ['{"__proto__": 1, "__proto__": 2}', "__proto__"],
  ])("finds the key that is there twice in %s", (text, key) => {
    expect(duplicateKey(text)).toBe(key);
  });

  it.each([
    '{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 1}]}',
    '{"a": "a", "b": ["a", "a", "a"]}',
    '{"a": "\\"a\\": 1, \\"a\\": 2", "b": "{", "c": "}"}',
    '{"a": "\\\\", "b": "\\\\"}',
    "{}",
    "[]",
    '"a"',
  ])("finds none in %s", (text) => {
    JSON.parse(text);
    expect(duplicateKey(text)).toBeNull();
  });

  it("finds none in what JSON.stringify makes, and the one that is put there", () => {
    const spaces = fc.constantFrom(undefined, 2, "\t");
    const property = fc.property(fc.json(), fc.string(), spaces, (json, key, space) => {
      const text = JSON.stringify(JSON.parse(json), null, space);
      expect(duplicateKey(text)).toBeNull();
      const twice = `{${JSON.stringify(key)}: ${text}, ${JSON.stringify(key)}: ${text}}`;
      expect(duplicateKey(twice)).toBe(key);
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });
});
