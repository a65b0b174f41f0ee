import { Random } from "batchnorm";
import { expect, test } from "vitest";
import { shifted } from "#dist/experiments/shift/shifts.js";

const bytes = (...values: number[]) => Uint8Array.from(values);

test("contrast draws values towards the mean of their image and colour", () => {
  // Two images of 1 × 2 pixels and 2 colours: means 50 and 20, then 200 and 7.
  const images = bytes(0, 10, 100, 30, 200, 7, 200, 7);
  const half = shifted(images, [1, 2, 2], { name: "contrast", amount: 0.5 }, 1);
  expect([...half]).toEqual([25, 15, 75, 25, 200, 7, 200, 7]);
  expect([...images]).toEqual([0, 10, 100, 30, 200, 7, 200, 7]);
});

test("brightness adds grey levels, and stops at white", () => {
  const brighter = shifted(bytes(0, 100, 215, 250), [2, 2, 1], { name: "brightness", amount: 40 }, 1);
  expect([...brighter]).toEqual([40, 140, 255, 255]);
});

test("noise is the generator's normal values in their order, rounded, and stops at black and white", () => {
  const images = new Uint8Array(2 * 50).map((_, at) => [0, 128, 255][at % 3]);
  const noise = (seed: number) => [...shifted(images, [5, 10, 1], { name: "noise", amount: 30 }, seed)];
  const random = new Random(7);
  const expected = [...images].map((value) => Math.round(Math.min(255, Math.max(0, value + 30 * random.normal()))));
  expect(noise(7)).toEqual(expected);
  expect(noise(8)).not.toEqual(expected);
  expect(expected).toContain(0);
  expect(expected).toContain(255);
});

/** At this deviation the weights at distances 0, 1, 2 and 3 are as 1, 1/2, 1/16 and 1/512: together 2.12890625. */
const POWERS_OF_TWO = { name: "blur", amount: Math.sqrt(1 / (2 * Math.LN2)) } as const;

test("blur spreads a point by a Gaussian, and an edge goes on beyond the image", () => {
  const row = (at: number) => new Uint8Array(9).map((_, index) => (index === at ? 255 : 0));
  // 255 / 2.12890625 = 119.8, a half, a sixteenth and a 512th of it.
  const middle = [0, 0, 7, 60, 120, 60, 7, 0, 0];
  // 255 · (1 + 1/2 + 1/16 + 1/512) / 2.12890625 = 187.4, then 67.6 and 7.7.
  const edge = [187, 68, 8, 0, 0, 0, 0, 0, 0];
  expect([...shifted(row(4), [1, 9, 1], POWERS_OF_TWO, 1)]).toEqual(middle);
  expect([...shifted(row(4), [9, 1, 1], POWERS_OF_TWO, 1)]).toEqual(middle);
  expect([...shifted(row(0), [1, 9, 1], POWERS_OF_TWO, 1)]).toEqual(edge);
});

test("blur goes along both axes, and mixes neither images nor colours", () => {
  // A point of the second colour in the middle of the second of two images.
  const images = new Uint8Array(2 * 81 * 2);
  images[(81 + 4 * 9 + 4) * 2 + 1] = 255;
  const blurred = shifted(images, [9, 9, 2], POWERS_OF_TWO, 1);
  const at = (image: number, y: number, x: number, colour: number) => blurred[(image * 81 + y * 9 + x) * 2 + colour];
  // 255 / 2.12890625² = 56.3; next to it a half, diagonally a quarter.
  expect([at(1, 4, 4, 1), at(1, 4, 5, 1), at(1, 3, 4, 1), at(1, 3, 3, 1)]).toEqual([56, 28, 28, 14]);
  const lit = [...blurred.entries()].filter(([, value]) => value > 0).map(([index]) => index);
  expect(lit.every((index) => index % 2 === 1 && index > 81 * 2)).toBe(true);
});
