import { ChannelMoments, Random } from "batchnorm";
import { describe, expect, test } from "vitest";
import { refuses } from "../support/refusal.ts";

const CHANNELS = 5;

/** Rows of channels around 1000, each with its own deviation. */
function rows(count: number, seed: number): Float32Array {
  const generator = new Random(seed);
  return Float32Array.from({ length: count * CHANNELS }, (_, i) => 1000 + (1 + (i % CHANNELS)) * generator.normal());
}

/** In float64, two passes. */
function exact(x: Float32Array) {
  const count = x.length / CHANNELS;
  const of = (c: number) => x.filter((_, i) => i % CHANNELS === c);
  const mean = Array.from({ length: CHANNELS }, (_, c) => of(c).reduce((sum, v) => sum + v, 0) / count);
  const m2 = mean.map((m, c) => of(c).reduce((sum, v) => sum + (v - m) ** 2, 0));
  return { count, mean, m2 };
}

describe("moments of channels", () => {
  test("are those of everything that was added, however it was cut", () => {
    const x = rows(700, 3);
    const { count, mean, m2 } = exact(x);
    for (const cut of [[700], [1, 699], [128, 128, 444], [0, 300, 1, 399]]) {
      const moments = new ChannelMoments(CHANNELS);
      let from = 0;
      for (const size of cut) {
        const shape = [size, CHANNELS];
        moments.add(x.subarray(from * CHANNELS, (from + size) * CHANNELS), { shape });
        from += size;
      }
      expect(moments.count).toBe(count);
      for (let c = 0; c < CHANNELS; c++) {
        expect(Math.abs(moments.mean[c] / mean[c] - 1)).toBeLessThan(1e-9);
        expect(Math.abs(moments.variance[c] / (m2[c] / count) - 1)).toBeLessThan(1e-6);
        expect(Math.abs(moments.unbiased[c] / (m2[c] / (count - 1)) - 1)).toBeLessThan(1e-6);
      }
    }
  });

  test("do not depend on where the channels are", () => {
    const x = rows(60, 4);
    const planes = Float32Array.from({ length: x.length }, (_, i) => {
      const [n, c, s] = [Math.floor(i / (CHANNELS * 12)), Math.floor(i / 12) % CHANNELS, i % 12];
      return x[(n * 12 + s) * CHANNELS + c];
    });
    const last = new ChannelMoments(CHANNELS).add(x, { shape: [5, 12, CHANNELS] });
    const second = new ChannelMoments(CHANNELS).add(planes, { shape: [5, CHANNELS, 12], axis: 1 });
    for (let c = 0; c < CHANNELS; c++) {
      expect(Math.abs(second.mean[c] / last.mean[c] - 1)).toBeLessThan(1e-9);
      expect(Math.abs(second.variance[c] / last.variance[c] - 1)).toBeLessThan(1e-6);
    }
  });

  test("keep NaN in its channel", () => {
    const x = rows(10, 5);
    x[2] = Number.NaN;
    const { mean } = new ChannelMoments(CHANNELS).add(x, { shape: [10, CHANNELS] });
    expect(Array.from(mean, Number.isNaN)).toEqual([false, false, true, false, false]);
  });

  test("of nothing have no variance", () => {
    const moments = new ChannelMoments(2);
    expect(moments.count).toBe(0);
    expect(Array.from(moments.variance)).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("refuses", () => {
  test.each([0, -1, 1.5, Number.NaN])("%s channels", (channels) => {
    refuses(() => new ChannelMoments(channels), "E_VALUE", "ChannelMoments");
  });

  test("a shape that fits neither the values nor the channels", () => {
    const moments = new ChannelMoments(2);
    refuses(() => moments.add(new Float32Array(4), { shape: [3, 2] }), "E_SHAPE", "ChannelMoments");
    refuses(() => moments.add(new Float32Array(4), { shape: [2, 2, 1] }), "E_SHAPE", "ChannelMoments");
    refuses(() => moments.add(new Float32Array(4), { shape: [4] }), "E_SHAPE", "ChannelMoments");
    expect(moments.count).toBe(0);
  });
});
