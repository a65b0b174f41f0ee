import { Random, WasmDevice } from "batchnorm";
import { describe, expect, test } from "vitest";
import { hash } from "#dist/kernels/reference.js";
import { normals } from "../support/data.ts";
import { runKernel } from "../support/kernel.ts";
import { labelled } from "./cases/sizes.ts";

const builds = ["reference", "simd", "relaxed"] as const;
const benches = {
  reference: "reference",
  simd: new WasmDevice({ build: "simd" }),
  relaxed: new WasmDevice({ build: "relaxed" }),
} as const;

const COUNT = 100_001;
const TASK = 4096;

function dropout(build: (typeof builds)[number], x: Float32Array, p: number, key: number): Float32Array {
  const numbers = { count: x.length, perTask: TASK, limit: Math.floor(p * 2 ** 32), scale: 1 / (1 - p) };
  const args = { x, y: new Float32Array(x.length), ...numbers, key: Int32Array.of(key), first: new Int32Array(1) };
  const { after } = runKernel(benches[build], "dropout", labelled(args, Math.ceil(x.length / TASK)), ["y"]);
  return after.y as Float32Array;
}

const ones = new Float32Array(COUNT).fill(1);
const kept = (y: Float32Array) => y.reduce((sum, v) => sum + (v !== 0 ? 1 : 0), 0);
/** Five standard deviations of a count of independent draws. */
const spread = (n: number, p: number) => 5 * Math.sqrt(n * p * (1 - p));

describe.each(builds)("dropout in the %s build", (build) => {
  test.each([0.01, 0.1, 0.5, 0.9])("drops a share of %d, and scales the rest up", (p) => {
    const random = new Random(11);
    for (let i = 0; i < 5; i++) {
      const y = dropout(build, ones, p, random.bits());
      expect(Math.abs(kept(y) - COUNT * (1 - p))).toBeLessThan(spread(COUNT, p));
      const values = new Set(y);
      expect([...values].sort()).toEqual([0, Math.fround(1 / (1 - p))]);
    }
  });

  test("gives a gradient the mask that its input had, under the same key", () => {
    const x = normals(1, COUNT);
    const dy = normals(2, COUNT);
    const y = dropout(build, x, 0.3, 1234567);
    const dx = dropout(build, dy, 0.3, 1234567);
    const scale = Math.fround(1 / 0.7);
    expect(dx.findIndex((v, i) => v !== (y[i] === 0 ? 0 : Math.fround(dy[i] * scale)))).toBe(-1);
    expect(kept(dx)).toBe(kept(y));
  });

  test("draws masks that know nothing of each other: for other keys, and for the values beside and beyond a task", () => {
    const first = dropout(build, ones, 0.5, 1);
    const both = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + (v && b[i] ? 1 : 0), 0);
    const shifted = (by: number) => first.map((_, i) => first[(i + by) % COUNT]);
    const others = [
      dropout(build, ones, 0.5, 2),
      dropout(build, ones, 0.5, 0x7fffffff),
      ...[1, 2, 4, TASK].map(shifted),
    ];
    for (const other of others) {
      expect(Math.abs(both(first, other) - COUNT / 4)).toBeLessThan(spread(COUNT, 0.25));
    }
  });

  test("drops exactly where the hash of key and index is below p", () => {
    const y = dropout(build, ones, 0.2, -77);
    const limit = Math.floor(0.2 * 2 ** 32);
    expect(y.findIndex((v, i) => (v === 0) !== hash(i, -77) < limit)).toBe(-1);
  });
});
