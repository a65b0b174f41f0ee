/** The generator: the same numbers from a seed everywhere, and as random as the tests of a few lines can tell. */
import { manualSeed, Random, randn } from "batchnorm";
import { describe, expect, it } from "vitest";
import { refuses } from "../support/refusal.ts";

/** xoshiro128** seeded by SplitMix32, in 64-bit integers: the published algorithms without JavaScript's 32-bit tricks. */
function* published(seed: number): Generator<number> {
  const mask = 0xffffffffn;
  let s = BigInt(seed);
  const words: bigint[] = [];
  for (let i = 0; i < 4; i++) {
    s = (s + 0x9e3779b9n) & mask;
    let z = ((s ^ (s >> 16n)) * 0x21f0aaadn) & mask;
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & mask;
    words.push(z ^ (z >> 15n));
  }
  let [a, b, c, d] = words;
  d |= 1n;
  const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  for (;;) {
    yield Number(BigInt.asIntN(32, (rotate((b * 5n) & mask, 7n) * 9n) & mask));
    const t = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11n);
  }
}

describe("Random", () => {
  it("goes on from a state, and refuses what is none", () => {
    const random = new Random(1);
    random.normal();
    const { state } = random;
    const other = new Random(2);
    other.state = structuredClone(state);
    expect([other.normal(), other.bits()]).toEqual([random.normal(), random.bits()]);
    const words = [1, 2, 3, 4];
    for (const wrong of [
      null,
      {},
      { words },
      { words: [0, 0, 0, 0], spare: null },
      { words: [1, 2, 3], spare: null },
      { words: [1, 2, 3, 4.5], spare: null },
      { words: [1, 2, 3, 2 ** 31], spare: null },
      { words, spare: Number.NaN },
      { words, spare: "1" },
    ]) {
      const before = other.state;
      refuses(() => Object.assign(other, { state: wrong }), "E_VALUE", "[Random] expected a state");
      expect(other.state).toEqual(before);
    }
  });

  it.each([0, 1, 12345, 2 ** 31 - 1])("gives the published algorithm's numbers from seed %i", (seed) => {
    const random = new Random(seed);
    const expected = published(seed);
    for (let i = 0; i < 200; i++) expect(random.bits()).toBe(expected.next().value);
  });

  it("gives other numbers for other seeds, negative ones and ones that differ above 32 bits too", () => {
    const near = Array.from({ length: 1001 }, (_, i) => i - 500);
    const seeds = [...near, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => new Random(seed).uniform())).size).toBe(seeds.length);
  });

  it("goes on from its state as if it had not stopped, in the middle of a pair of normal values too", () => {
    for (let taken = 0; taken < 5; taken++) {
      const random = new Random(3);
      for (let i = 0; i < taken; i++) random.normal();
      const other = new Random(99);
      other.state = JSON.parse(JSON.stringify(random.state));
      for (let i = 0; i < 20; i++) expect(other.normal()).toBe(random.normal());
      expect(other.bits()).toBe(random.bits());
    }
  });

  it("has a state that is a copy", () => {
    const random = new Random(3);
    const { state } = random;
    const first = random.uniform();
    random.state = state;
    expect(random.uniform()).toBe(first);
  });

  it("is uniform: every tenth of [0, 1) has its share, and neighbours do not go together", () => {
    const random = new Random(4);
    const count = 100_000;
    const tenths = new Array(10).fill(0);
    let product = 0;
    let outside = 0;
    let before = random.uniform();
    for (let i = 0; i < count; i++) {
      const u = random.uniform();
      if (!(u >= 0 && u < 1)) outside++;
      tenths[Math.floor(10 * u)]++;
      product += (u - 0.5) * (before - 0.5);
      before = u;
    }
    expect(outside).toBe(0);
    // Chi-squared with 9 degrees of freedom: 27.9 is its 99.9 % point.
    expect(tenths.reduce((sum, n) => sum + (n - count / 10) ** 2 / (count / 10), 0)).toBeLessThan(27.9);
    expect(Math.abs(product / count) * 12).toBeLessThan(4 / Math.sqrt(count));
  });

  it("uses every bit of a word about half of the time", () => {
    const random = new Random(5);
    const ones = new Array(32).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const word = random.bits();
      for (let bit = 0; bit < 32; bit++) ones[bit] += (word >>> bit) & 1;
    }
    for (const n of ones) expect(Math.abs(n - 5000)).toBeLessThan(4.5 * 50);
  });

  it("normal has the moments of a standard normal distribution", () => {
    const random = new Random(6);
    const count = 100_000;
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const x = random.normal();
      for (let k = 0; k < 4; k++) sums[k] += x ** (k + 1) / count;
    }
    // Each within four standard errors: those of the moments are √1, √2, √15, √96 over √count.
    for (const [k, expected] of [0, 1, 0, 3].entries()) {
      const error = Math.sqrt([1, 2, 15, 96][k] / count);
      expect(Math.abs(sums[k] - expected)).toBeLessThan(4 * error);
    }
  });

  it("integer gives each number below n about as often", () => {
    const random = new Random(7);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++;
    for (const n of counts) expect(Math.abs(n - 10_000)).toBeLessThan(4.5 * 93);
  });

  it("shuffle permutes, and puts every element in every place about as often", () => {
    const random = new Random(8);
    const places = Array.from({ length: 5 }, () => new Array(5).fill(0));
    const sorted = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const array = Int32Array.of(0, 1, 2, 3, 4);
      random.shuffle(array);
      sorted.add(array.toSorted().join());
      array.forEach((value, place) => {
        places[value][place]++;
      });
    }
    expect([...sorted]).toEqual(["0,1,2,3,4"]);
    for (const n of places.flat()) expect(Math.abs(n - 2000)).toBeLessThan(4.5 * 40);
  });
});

describe("randn", () => {
  it("with a seed depends on nothing else", () => {
    manualSeed(1);
    const first = randn([3, 4], { seed: 5 });
    manualSeed(2);
    expect(randn([3, 4], { seed: 5 })).toEqual(first);
    expect(randn([3, 4], { seed: 6 }).data).not.toEqual(first.data);
    expect(first.shape).toEqual([3, 4]);
  });

  it("scales and shifts by std and mean", () => {
    const plain = randn([10], { seed: 5 }).data;
    const scaled = randn([10], { seed: 5, mean: 2, std: 4 }).data;
    for (let i = 0; i < 10; i++) expect(scaled[i]).toBeCloseTo(2 + 4 * plain[i], 5);
  });
});
