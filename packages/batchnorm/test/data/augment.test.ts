/** Images moved and mirrored as `fit` takes them, and not otherwise. */
import {
  type Augment,
  BatchNorm,
  Conv2d,
  Dataset,
  Flatten,
  GlobalAveragePool,
  Linear,
  Sequential,
  SGD,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { digest } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { openTrainer, stateBits } from "../support/training.ts";

const [H, W, C] = [5, 6, 2];
const SIZE = H * W * C;
/** No two values are the same and none is 0, so that a view says where it was taken. */
const image = Uint8Array.from({ length: SIZE }, (_, i) => 1 + 3 * i);

/** The same image a number of times: what differs is what was done to it. */
function copies(count: number, augment?: Augment, rest: object = {}): Dataset {
  const data = Uint8Array.from({ length: count * SIZE }, (_, i) => image[i % SIZE]);
  return new Dataset({ data, shape: [H, W, C], labels: new Int32Array(count), ...(augment && { augment }), ...rest });
}

/** An image whose pixel [i, j] is the original's [i + down, j + right], then mirrored; 0 outside. */
function view(down: number, right: number, flip: boolean, values: ArrayLike<number> = image): number[] {
  return Array.from({ length: SIZE }, (_, at) => {
    const [i, j, c] = [Math.floor(at / W / C), Math.floor(at / C) % W, at % C];
    const [y, x] = [i + down, right + (flip ? W - 1 - j : j)];
    return y >= 0 && y < H && x >= 0 && x < W ? values[(y * W + x) * C + c] : 0;
  });
}

/** Every view that there may be, by its values. */
function views(crop: number, flips: boolean[], values: ArrayLike<number> = image): Map<string, string> {
  const all = new Map<string, string>();
  for (let down = -crop; down <= crop; down++) {
    for (let right = -crop; right <= crop; right++) {
      for (const flip of flips) all.set(view(down, right, flip, values).join(), `${down} ${right} ${flip}`);
    }
  }
  return all;
}

const model = () => new Sequential(new Flatten(), new Linear(SIZE, 2));

onEveryDevice(({ device }) => {
  /** What a model is given in so many steps of `fit`, image by image. */
  async function seenInFit(data: Dataset, steps: number, seed = 0): Promise<string[]> {
    const watched = model();
    const trainer = openTrainer(watched, { optimizer: new SGD({ lr: 0 }), seed, device });
    const seen: string[] = [];
    trainer.watch(watched.layers[0], ({ input }) => {
      for (let at = 0; at < input.size; at += SIZE) seen.push(input.data.subarray(at, at + SIZE).join());
    });
    await trainer.fit(data, { untilStep: steps, batchSize: data.length });
    return seen;
  }

  describe("fit", () => {
    it.each<[Augment, number]>([
      [{ crop: 2, flip: true }, 50],
      [{ crop: 1 }, 9],
      [{ flip: true }, 2],
      [{ crop: 0 }, 1],
      [{}, 1],
    ])("with %o sees each of %i views, and no other", async (augment, count) => {
      const possible = views(augment.crop ?? 0, augment.flip ? [false, true] : [false]);
      expect(possible.size).toBe(count);
      const seen = await seenInFit(copies(100, augment), 10);
      expect(seen).toHaveLength(1000);
      expect(new Set(seen.map((values) => possible.get(values)))).toEqual(new Set(possible.values()));
    });

    it("takes all offsets and both directions about as often", async () => {
      const possible = views(2, [false, true]);
      const times = new Map<string, number>();
      for (const values of await seenInFit(copies(100, { crop: 2, flip: true }), 40)) {
        // Of each image alone: how far down, how far right, which way round.
        for (const [i, part] of possible.get(values)!.split(" ").entries()) {
          times.set(`${i}: ${part}`, (times.get(`${i}: ${part}`) ?? 0) + 1);
        }
      }
      // Of 4000: half are 2000 ± 32, a fifth 800 ± 25.
      for (const [what, count] of times) {
        const want = what.startsWith("2") ? 2000 : 800;
        expect(Math.abs(count - want), what).toBeLessThan(160);
      }
      expect(times.size).toBe(12);
    });

    it("puts the mean where there is no image: 0 after what is done to the bytes", async () => {
      const [mean, std] = [
        [20, 60],
        [4, 8],
      ];
      const values = image.map((byte) => byte);
      const normalized = Array.from(values, (byte, i) => (byte - mean[i % 2]) / std[i % 2]);
      const possible = views(2, [false, true], normalized);
      const seen = await seenInFit(copies(50, { crop: 2, flip: true }, { mean, std }), 4);
      for (const view of seen) expect(possible.has(view)).toBe(true);
    });

    it("changes an image anew each time, and by the seed alone", async () => {
      const data = copies(20, { crop: 2, flip: true });
      const seen = await seenInFit(data, 3, 5);
      expect(await seenInFit(data, 3, 5)).toEqual(seen);
      expect(await seenInFit(data, 3, 6)).not.toEqual(seen);
      expect(seen.slice(20, 40)).not.toEqual(seen.slice(0, 20));
    });
  });

  it("evaluate and predict see images as they are", async () => {
    const watched = model();
    const trainer = openTrainer(watched, { device });
    const seen: string[] = [];
    trainer.watch(watched.layers[0], ({ input }) => {
      for (let at = 0; at < input.size; at += SIZE) seen.push(input.data.subarray(at, at + SIZE).join());
    });
    await trainer.evaluate(copies(30, { crop: 2, flip: true }), { batchSize: 20 });
    await trainer.predict(copies(30, { crop: 2, flip: true }), { batchSize: 20 });
    expect(seen).toEqual(new Array(60).fill(image.join()));
  });
});

describe("training on images that are changed", () => {
  const labels = Array.from({ length: 23 }, (_, i) => i % 3);
  const bytes = Uint8Array.from({ length: 23 * SIZE }, (_, i) => (i * 37 + (i % 23) * 11) % 256);
  const options = { data: bytes, shape: [H, W, C], labels, scale: 1 / 255, mean: [0.5, 0.5], std: [0.3, 0.2] };
  const data = new Dataset({ ...options, augment: { crop: 2, flip: true } });
  const network = () =>
    new Sequential(new Conv2d(C, 4, 3, { padding: 1 }), new BatchNorm(4), new GlobalAveragePool(), new Linear(4, 3));
  const start = network().stateDict();

  function open(seed = 1, threads = 1) {
    const model = network();
    model.loadStateDict(start);
    return openTrainer(model, { seed, threads, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
  }

  async function bitsAfter(seed: number, threads = 1, interrupt = false): Promise<string> {
    const trainer = open(seed, threads);
    for (let steps = 1; steps <= 12; steps++) {
      await trainer.fit(data, { untilStep: steps, batchSize: 4 });
      if (interrupt) await trainer.evaluate(data);
    }
    return stateBits(trainer.model);
  }

  it("gives the same bits for a seed, on any number of threads, evaluated in between or not; others for another", async () => {
    const bits = await bitsAfter(1);
    expect(await bitsAfter(1)).toBe(bits);
    expect(await bitsAfter(1, 3)).toBe(bits);
    expect(await bitsAfter(1, 1, true)).toBe(bits);
    expect(await bitsAfter(2)).not.toBe(bits);
  });

  it("is not what it would be on images as they are", async () => {
    const [changed, plain] = [open(), open()];
    await changed.fit(data, { untilStep: 5, batchSize: 4 });
    await plain.fit(new Dataset(options), { untilStep: 5, batchSize: 4 });
    expect(stateBits(changed.model)).not.toBe(stateBits(plain.model));
  });

  // Batches of 4 of 23: five steps an epoch.
  it.each([2, 5, 8])("ends with the same bits when it is saved after %i of 14 steps and resumed", async (at) => {
    const whole = open();
    const losses = await whole.fit(data, { untilStep: 14, batchSize: 4, every: 1 });
    const first = open();
    await first.fit(data, { untilStep: at, batchSize: 4 });
    const second = open(9);
    await second.fit(data, { untilStep: 3, batchSize: 4 });
    await second.resume(await first.save());
    expect(await second.fit(data, { untilStep: 14, batchSize: 4, every: 1 })).toEqual(losses.slice(at));
    expect(digest(await second.save())).toBe(digest(await whole.save()));
  });
});
