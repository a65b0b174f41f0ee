/** An error that stands for another keeps it as its cause, in all packages. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BatchNormError } from "batchnorm";
import { readSafetensors } from "batchnorm/formats";
import { describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));

/** What stands between the brace at an index and the one that closes it. */
function block(text: string, open: number): string {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(open, i + 1);
  }
  return text.slice(open);
}

/** The statements with `throw` in what is done with a caught error, other than those that throw the very error. */
function replacements(text: string): string[] {
  const handlers = [...text.matchAll(/\bcatch (?:\(\w+\) )?\{|\.catch\(\(?[\w: ]*\)? => \{/g)];
  const thrown = handlers.flatMap(({ index, 0: start }) => [
    ...block(text, index + start.length - 1).matchAll(/throw [\s\S]*?;\n/g),
  ]);
  return thrown.map(([statement]) => statement).filter((statement) => !/^throw \w+;\n$/.test(statement));
}

describe("a cause", () => {
  it("is kept by the library's error, and absent where there is none", () => {
    const cause = new RangeError("too much");
    expect(new BatchNormError("E_VALUE", "here", "expected less", { cause }).cause).toBe(cause);
    expect(new BatchNormError("E_VALUE", "here", "expected less")).not.toHaveProperty("cause");
  });

  it("says where a header is no JSON", () => {
    const header = new TextEncoder().encode("{no}    ");
    const bytes = Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...header]);
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({ code: "E_FORMAT", cause: expect.any(SyntaxError) }),
    );
  });
});

it("is kept wherever one is caught and another thrown", () => {
  const sources = readdirSync(packages)
    .flatMap((name) =>
      readdirSync(resolve(packages, name, "src"), { recursive: true, encoding: "utf8" }).map((file) =>
        resolve(packages, name, "src", file),
      ),
    )
    .filter((file) => file.endsWith(".ts"));
  const all = sources.flatMap((file) =>
    replacements(readFileSync(file, "utf8")).map((statement) => `${file.slice(packages.length)}: ${statement}`),
  );
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((statement) => !/\bcause\b/.test(statement))).toEqual([]);
});
