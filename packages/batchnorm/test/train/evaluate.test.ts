/** `evaluate` and `predict`: the model in eval mode, in batches, without a trace. */
import { Dataset, Linear, randn, Sequential, tensor } from "batchnorm";
import { describe, expect, it } from "vitest";
import { builds } from "../support/builds.ts";
import { largestDifference } from "../support/data.ts";
import { openTrainer, smallDataset, smallNetwork, stateBits } from "../support/training.ts";

const data = smallDataset({ count: 53 });
const x = randn([12, 6], { seed: 3 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

/** A trainer whose running statistics are not the initial ones. */
async function trained(options: Parameters<typeof openTrainer>[1] = {}) {
  const trainer = openTrainer(smallNetwork(), options);
  for (let i = 0; i < 5; i++) await trainer.step(x, labels);
  return trainer;
}

describe("evaluate", () => {
  it.each(builds)("is the mean cross-entropy and accuracy of what predict gives, on %s", async (build) => {
    const trainer = trained({ build });
    const logits = (await trainer.predict(tensor(data.data, [53, 6]))).data;
    const own = data.labels as Int32Array;
    let loss = 0;
    let correct = 0;
    for (let i = 0; i < 53; i++) {
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
      loss += Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[own[i]];
      if (row.indexOf(Math.max(...row)) === own[i]) correct++;
    }
    const result = await trainer.evaluate(data);
    expect(result.loss).toBeCloseTo(loss / 53, 6);
    expect(result.accuracy).toBe(correct / 53);
  });

  it.each([1, 7, 52, 53, 54])("gives the same in batches of %i, a smaller last one included", async (batchSize) => {
    const trainer = trained();
    const whole = await trainer.evaluate(data, { batchSize: 53 });
    const cut = await trainer.evaluate(data, { batchSize });
    expect(cut.accuracy).toBe(whole.accuracy);
    expect(cut.loss).toBeCloseTo(whole.loss, 6);
  });

  it("changes nothing that training goes on from", async () => {
    const trainer = trained();
    const untouched = trained();
    const before = stateBits(trainer.model);
    await trainer.evaluate(data);
    await trainer.predict(x);
    expect(stateBits(trainer.model)).toBe(before);
    expect(trainer.stepCount).toBe(5);
    for (let i = 0; i < 3; i++) expect(await trainer.step(x, labels)).toEqual(untouched.step(x, labels));
    expect(stateBits(trainer.model)).toBe(stateBits(untouched.model));
  });

  it("takes each data set with its own scale, where they share their bytes", () => {
    const trainer = openTrainer(smallNetwork());
    const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 29) % 256);
    const evaluate = async (scale: number) =>
      await trainer.evaluate(new Dataset({ data: bytes, shape: [6], labels: new Uint8Array(10), scale }));
    const pixels = evaluate(1 / 255);
    expect(evaluate(1)).not.toEqual(pixels);
    expect(evaluate(1 / 255)).toEqual(pixels);
  });
});

describe("predict", () => {
  it("gives what the model gives by itself in eval mode", async () => {
    const trainer = trained();
    const given = await trainer.predict(x);
    expect(given.shape).toEqual([12, 3]);
    trainer.close();
    expect(largestDifference(trainer.model.eval().forward(x).data, given.data)).toBeLessThan(1e-6);
  });

  it("gives a tensor that later calls leave alone", async () => {
    const trainer = trained();
    const given = await trainer.predict(x);
    const copy = given.data.slice();
    await trainer.predict(randn([12, 6], { seed: 4 }));
    await trainer.step(x, labels);
    expect(given.data).toEqual(copy);
  });
});

describe("close", () => {
  it("gives the model its parameters back, with what they have learned", async () => {
    const trainer = trained();
    const bits = stateBits(trainer.model);
    trainer.close();
    trainer.close();
    expect(stateBits(trainer.model)).toBe(bits);
    expect(trainer.model.parameters().every((p) => !p.resident)).toBe(true);
    (await openTrainer(trainer.model)).step(x, labels);
    expect(stateBits(trainer.model)).not.toBe(bits);
  });

  it("comes with the end of a block where the language has `using`", () => {
    const model = new Sequential(new Linear(6, 3));
    const trainer = openTrainer(model);
    trainer[Symbol.dispose]();
    expect(trainer.engine.closed).toBe(true);
  });
});
