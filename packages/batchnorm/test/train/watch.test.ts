/** The hook that shows what goes into a layer while it trains. */
import { Linear, randn, Sequential, Tanh, tensor, type Watched } from "batchnorm";
import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear } from "../support/layers.ts";
import { openTrainer, smallDataset, smallNetwork } from "../support/training.ts";

const x = randn([12, 6], { seed: 3 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

onEveryDevice(({ device }) => {
  it("is told the input, the mode and the step of every forward pass", async () => {
    const model = smallNetwork();
    const trainer = openTrainer(model, { device });
    const seen: unknown[] = [];
    trainer.watch(model.layers[0], ({ input, training, step }) => {
      seen.push({ values: input.data.slice(), shape: input.shape, training, step });
    });
    await trainer.step(x, labels);
    await trainer.step(x, labels);
    await trainer.predict(x);
    const values = x.data;
    expect(seen).toEqual([
      { values, shape: [12, 6], training: true, step: 1 },
      { values, shape: [12, 6], training: true, step: 2 },
      { values, shape: [12, 6], training: false, step: 2 },
    ]);
    await trainer.evaluate(smallDataset({ count: 20 }), { batchSize: 15 });
    expect(seen.slice(3)).toMatchObject([{ shape: [15, 6] }, { shape: [5, 6] }]);
  });

  it("shows what the layers before make of the input", async () => {
    const model = smallNetwork();
    const trainer = openTrainer(model, { device });
    let seen = new Float32Array(0);
    trainer.watch(model.layers[2], ({ input }) => {
      seen = input.data.slice();
    });
    await trainer.step(x, labels);
    // The input of the first sigmoid is what the batch norm before it gave: mean 0 in every channel.
    for (let c = 0; c < 8; c++) {
      let mean = 0;
      for (let row = 0; row < 12; row++) mean += seen[8 * row + c] / 12;
      expect(Math.abs(mean)).toBeLessThan(1e-6);
    }
    expect(seen).toHaveLength(96);
  });

  it("ends where its result is called, for that layer alone", async () => {
    const model = smallNetwork();
    const trainer = openTrainer(model, { device });
    const seen: number[] = [];
    const callback = ({ input }: Watched) => seen.push(input.shape[1]);
    const end = trainer.watch(model.layers[0], callback);
    trainer.watch(model.layers[4], callback);
    await trainer.step(x, labels);
    end();
    end();
    await trainer.step(x, labels);
    expect(seen).toEqual([6, 8, 8]);
  });

  it("may be ended from within", async () => {
    const model = smallNetwork();
    const trainer = openTrainer(model, { device });
    let calls = 0;
    const end = trainer.watch(model.layers[0], () => {
      calls++;
      end();
    });
    await trainer.step(x, labels);
    await trainer.step(x, labels);
    expect(calls).toBe(1);
  });

  it("is told every use of a layer that is used more than once", async () => {
    const [linear, tanh] = [new Linear(6, 6), new Tanh()];
    const model = new Sequential(linear, tanh, linear, tanh, new Linear(6, 3));
    const trainer = openTrainer(model, { device });
    const seen: Record<"linear" | "tanh", Float32Array[]> = { linear: [], tanh: [] };
    trainer.watch(linear, ({ input }) => seen.linear.push(input.data.slice()));
    trainer.watch(tanh, ({ input }) => seen.tanh.push(input.data.slice()));
    await trainer.predict(x);
    expect([seen.linear.length, seen.tanh.length]).toEqual([2, 2]);
    expect(seen.linear[0]).toEqual(x.data);
    for (const i of [0, 1]) expectNear(seen.tanh[i], linear.forward(tensor(seen.linear[i], [12, 6])).data, 1e-6);
    expectNear(seen.linear[1], seen.tanh[0].map(Math.tanh), 1e-6);
    await trainer.step(x, labels);
    expect([seen.linear.length, seen.tanh.length]).toEqual([4, 4]);
  });
});
