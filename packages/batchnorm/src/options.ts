import { check } from "./errors.ts";

/**
 * Refuses options that nobody reads: a misspelt one would be left out in silence.
 *
 *   checkOptions("Conv2d", options, ["stride", "padding", "groups", "bias"]);
 *   // [Conv2d] expected options stride, padding, groups, bias; got dilation
 *
 * @param known  the names of all options that there are
 * @throws       BatchNormError E_VALUE for others, with the known ones they are near to; for options that are no object
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options,
  known: readonly (keyof Options & string)[],
): void {
  check(typeof options === "object" && options !== null, "E_VALUE", where, () => {
    return `expected an object with options ${known.join(", ")}; got ${options === null ? "null" : typeof options}`;
  });
  const unknown = Object.keys(options).filter((name) => !known.some((other) => other === name));
  check(unknown.length === 0, "E_VALUE", where, () => {
    const told = unknown.map((name) => {
      const near = nearest(name, known);
      return near ? `${name} (did you mean ${near}?)` : name;
    });
    return `expected options ${known.join(", ")}; got ${told.join(", ")}`;
  });
}

/** The name that is likely to be meant by another: in other letters, longer or shorter, by its initials, or misspelt. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = letters(name);
  const initials = name.replace(/(?<=[a-zA-Z])[a-z0-9]|[^a-zA-Z0-9]/g, "").toLowerCase();
  const begins = (a: string, b: string) => Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));
  return (
    known.find((other) => letters(other) === plain) ??
    known.find((other) => begins(letters(other), plain)) ??
    known.find((other) => other === initials) ??
    known.find((other) => distance(letters(other), plain) <= Math.min(2, plain.length / 2))
  );
}

/** As names are written in other libraries, `weight_decay` for one, they are the same. */
function letters(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** How many letters have to be put in, taken out or changed to make one word the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
  }
  return row[b.length];
}
