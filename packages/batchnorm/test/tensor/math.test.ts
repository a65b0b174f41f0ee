/** Our own functions against Math's, within the errors that tensor/math.ts states. */
import { Random } from "batchnorm";
import { describe, expect, it } from "vitest";
import { cosPi, exp, exponentOf, log, power, powerOfTwo } from "#dist/tensor/math.js";

/** The largest of what `error` gives for random values of a range. */
function worst(from: number, to: number, error: (x: number) => number, count = 20_000): number {
  const random = new Random(1);
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, error(from + (to - from) * random.uniform()));
  return most;
}

describe("log", () => {
  const error = (x: number) => Math.abs(log(x) / Math.log(x) - 1);
  it("is within 2e-15 of Math.log, from the smallest to the largest normal number", () => {
    expect(worst(-1021, 1023, (e) => error(2 ** e))).toBeLessThan(2e-15);
    for (const x of [2 ** -1022, Number.MAX_VALUE, 0.5, Math.SQRT2, Math.SQRT1_2]) expect(error(x)).toBeLessThan(2e-15);
  });
  it("is within 2e-15 near 1, where it is small", () => {
    expect(worst(0.5, 2, error)).toBeLessThan(2e-15);
    expect(error(1 + 2 ** -52)).toBeLessThan(2e-15);
    expect(error(1 - 2 ** -53)).toBeLessThan(2e-15);
    expect(log(1)).toBe(0);
  });
});

describe("exp", () => {
  const error = (x: number) => Math.abs(exp(x) / Math.exp(x) - 1);
  it("is within 2e-15 of Math.exp for |x| < 700", () => {
    expect(worst(-700, 700, error)).toBeLessThan(2e-15);
    expect(worst(-1, 1, error)).toBeLessThan(2e-15);
  });
  it("is 1 at 0", () => expect(exp(0)).toBe(1));
});

describe("cosPi", () => {
  it("is within 1e-15 of Math.cos on [0, 1]", () => {
    expect(worst(0, 1, (t) => Math.abs(cosPi(t) - Math.cos(Math.PI * t)))).toBeLessThan(1e-15);
  });
  it("is 1, 0 and −1 at 0, ½ and 1", () => {
    expect(cosPi(0)).toBe(1);
    expect(Math.abs(cosPi(0.5))).toBeLessThan(1e-15);
    expect(cosPi(1)).toBe(-1);
  });
});

describe("power", () => {
  it("is Math.pow's for exponents between whole numbers, and for large ones", () => {
    const error = (e: number) => Math.abs(power(0.97, e) / 0.97 ** e - 1);
    expect(worst(0, 3, error)).toBeLessThan(2e-15);
    expect(worst(0, 20_000, (e) => error(Math.floor(e)))).toBeLessThan(1e-12);
  });
  it("is exact for whole exponents of small whole numbers", () => {
    for (let n = 0; n <= 30; n++) expect(power(-3, n)).toBe((-3) ** n);
    expect(power(0, 0)).toBe(1);
    expect(power(0, 5)).toBe(0);
    expect(power(2, 1023)).toBe(2 ** 1023);
    expect(power(0.5, 1022)).toBe(2 ** -1022);
  });
});

describe("powers of two", () => {
  it("are those of all exponents that normal numbers have, and are found again", () => {
    for (let e = -1022; e <= 1023; e++) {
      expect(powerOfTwo(e)).toBe(2 ** e);
      for (const x of [powerOfTwo(e), powerOfTwo(e) * (2 - Number.EPSILON)]) expect(exponentOf(x)).toBe(e);
    }
    expect(exponentOf(2 ** -1023)).toBe(-1023);
    expect(exponentOf(Number.MIN_VALUE)).toBe(-1023);
  });
});
