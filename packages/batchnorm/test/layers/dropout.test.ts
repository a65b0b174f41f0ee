import { Dropout, ones, randn, tensor } from "batchnorm";
import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.ts";

const x = ones([200, 50]);
const zerosIn = (values: Float32Array) => values.reduce((sum, v) => sum + (v === 0 ? 1 : 0), 0);

onEveryDevice((run) => {
  it.each([0.1, 0.5, 0.9])("in training drops about a share of %f and divides the rest by 1 − p", async (p) => {
    const { data } = await run.forward(new Dropout(p, { seed: 1 }), x);
    expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / (1 - p))]));
    // Ten thousand values: four standard deviations.
    expect(Math.abs(zerosIn(data) / 10_000 - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 10_000));
  });

  it("gives its input in eval mode, and gradients as they are", async () => {
    const layer = new Dropout(0.5, { seed: 1 }).eval();
    const input = randn([7, 9], { seed: 2 });
    const dy = randn([7, 9], { seed: 3 });
    expect((await run.forward(layer, input)).data).toEqual(input.data);
    expect((await run.backward(layer, dy)).data).toEqual(dy.data);
  });

  it("lets gradients through where it let values through, scaled alike", async () => {
    const layer = new Dropout(0.5, { seed: 1 });
    const { data: y } = await run.forward(layer, ones([40, 10]));
    const dy = randn([40, 10], { seed: 3 });
    expect(zerosIn(y)).toBeGreaterThan(0);
    expect((await run.backward(layer, dy)).data).toEqual(dy.data.map((v, i) => (y[i] === 0 ? 0 : v * y[i])));
  });

  it("draws another mask each time, the same ones for the same seed", async () => {
    const draw = async (seed: number) => {
      const layer = new Dropout(0.5, { seed });
      const drawn: string[] = [];
      for (let i = 0; i < 3; i++) drawn.push(String((await run.forward(layer, x)).data));
      return drawn;
    };
    const first = await draw(1);
    expect(new Set(first).size).toBe(3);
    expect(await draw(1)).toEqual(first);
    expect((await draw(2))[0]).not.toEqual(first[0]);
  });

  it("drops nothing at p = 0", async () => {
    const input = randn([7, 9], { seed: 2 });
    expect((await run.forward(new Dropout(0), input)).data).toEqual(input.data);
  });

  it("drops NaN as any other value, and keeps it where it keeps the others", async () => {
    const { data } = await run.forward(
      new Dropout(0.5, { seed: 4 }),
      tensor(new Float32Array(64).fill(Number.NaN), [1, 64]),
    );
    expect(data.some(Number.isNaN)).toBe(true);
    expect(zerosIn(data)).toBeGreaterThan(0);
  });
});
