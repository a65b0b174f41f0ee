import { WasmDevice } from "batchnorm";
import { expect, test } from "vitest";
import { Arena } from "#dist/plan/arena.js";
import { Numbers } from "#dist/plan/numbers.js";
import { viewOf } from "#dist/plan/step.js";

const kinds = ["f32", "f64", "i32", "u32"] as const;

test("each is where it was promised, of its kind, in blocks of as many as there are", () => {
  const device = new WasmDevice();
  const arena = new Arena(device);
  const numbers = new Numbers(arena);
  let round = 0;
  const value = (i: number) => (i % 4 === 3 ? 2 ** 32 - 1 - i : i % 2 ? i / 3 : -i) * (i % 4 < 2 ? 1 : 1 + round);
  const places = Array.from({ length: 300 }, (_, i) => numbers.add(kinds[i % 4], () => value(i)));
  const read = () =>
    places.map((place, i) => {
      const type = (["f32", "f64", "i32", "i32"] as const)[i % 4];
      const [number] = viewOf(device, { place, type, count: 1 });
      return i % 4 === 3 ? number >>> 0 : number;
    });
  const want = () =>
    places.map((_, i) => [Math.fround(value(i)), value(i), value(i) | 0, Math.trunc(value(i)) >>> 0][i % 4]);
  for (round = 0; round < 3; round++) {
    numbers.write(device);
    expect(read()).toEqual(want());
  }
  // Places do not overlap, and there are 128 to a block.
  expect(new Set(places.map(({ region }) => region)).size).toBe(3);
});

test("they are asked for in the order in which they were added, each once a run", () => {
  const device = new WasmDevice();
  const numbers = new Numbers(new Arena(device));
  const asked: number[] = [];
  for (let i = 0; i < 200; i++) {
    numbers.add("i32", () => {
      asked.push(i);
      return i;
    });
  }
  numbers.write(device);
  expect(asked).toEqual(Array.from({ length: 200 }, (_, i) => i));
  numbers.write(device);
  expect(asked).toHaveLength(400);
});

test("what is NaN or infinite stays so where the kind has it", () => {
  const device = new WasmDevice();
  const numbers = new Numbers(new Arena(device));
  const values = [Number.NaN, Number.POSITIVE_INFINITY, -0];
  const places = (["f32", "f64"] as const).flatMap((type) =>
    values.map((value) => ({ place: numbers.add(type, () => value), type, count: 1, value })),
  );
  numbers.write(device);
  for (const { value, ...span } of places) expect(viewOf(device, span)[0]).toBe(value);
});
