/** Broken files: an InputError or arrays no larger than they could be, whatever the bytes. */

import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { InputError } from "#dist/errors.js";
import { parseNpy } from "#dist/inputs/npy.js";
import { parseNpz } from "#dist/inputs/npz.js";
import { counting, float32Npy, npyBytes, npyWithHeader } from "../support/npy.ts";

/** Whether the bytes can be read, which must end in one of two ways. */
function reads(parse: () => readonly { data: { byteLength: number } }[], most: number): boolean {
  try {
    const size = parse().reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(size).toBeLessThanOrEqual(most);
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return false;
  }
}

/** float16 takes twice as much in memory. */
const npy = (bytes: Uint8Array) => reads(() => [parseNpy(bytes, "x.npy")], 2 * bytes.length);
const npz = (bytes: Uint8Array) => reads(() => [...parseNpz(bytes, "x.npz").values()], 2 * 1032 * bytes.length);

const array = float32Npy([2, 3], counting(6));
const half = npyBytes({ shape: [4], descr: ">f2", bytes: new Uint8Array(8), version: 2 });
const files = { "a.npy": array, "b.npy": float32Npy([40, 30], new Float32Array(1200)) };
const kinds: [string, (bytes: Uint8Array) => boolean, Uint8Array][] = [
  [".npy", npy, array],
  [".npy of version 2", npy, half],
  [".npz, stored", npz, zipSync(files, { level: 0 })],
  [".npz, deflated", npz, zipSync(files, { level: 6 })],
];

describe.each(kinds)("%s", (_, parse, bytes) => {
  it("cut off anywhere", () => {
    expect(parse(bytes)).toBe(true);
    for (let length = 0; length < bytes.length; length++) {
      expect(parse(bytes.subarray(0, length)), `${length} bytes`).toBe(false);
    }
  });

  it("with a bit that is another", () => {
    let refused = 0;
    const step = Math.max(1, Math.round(bytes.length / 500));
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const broken = Uint8Array.from(bytes);
      broken[bit >> 3] ^= 1 << (bit & 7);
      if (!parse(broken)) refused++;
    }
    expect(refused).toBeGreaterThan(50);
  });

  it("with bytes that are others, too many or missing", () => {
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      remove: fc.nat(8),
      insert: fc.uint8Array({ maxLength: 8 }),
    });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let broken = Buffer.from(bytes);
        for (const { at, remove, insert } of changes) {
          broken = Buffer.concat([broken.subarray(0, at), insert, broken.subarray(at + remove)]);
        }
        if (!parse(broken)) refused++;
      }),
      { numRuns: 1000, seed: 7 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

it("random bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => !npy(junk) && !npz(junk)),
    { numRuns: 200, seed: 8 },
  );
});

it("headers that are nearly right", () => {
  const piece = fc.constantFrom(
    ..."{ } ( ) , : ' 1 2 4294967296 \n".split(" "),
    ..."'descr' 'fortran_order' 'shape' 'descr':'<f4', 'fortran_order':False, 'shape':(1,), True".split(" "),
  );
  const header = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(header, (text) => {
      npy(npyWithHeader(text, new Uint8Array(4)));
      npy(npyWithHeader(`{${text}}`, new Uint8Array(4)));
    }),
    { numRuns: 2000, seed: 9 },
  );
});

it("headers that repeat one thing as often as they may", () => {
  for (const piece of [" ", "{", "}", "} ", "(", "1,", "'", "'a':True,", "'shape':("]) {
    const text = piece.repeat(60_000 / piece.length);
    for (const header of [text, `{${text}}`, `{'shape': (${text}), }`]) {
      expect(npy(npyWithHeader(header, new Uint8Array(4)))).toBe(false);
    }
  }
});
