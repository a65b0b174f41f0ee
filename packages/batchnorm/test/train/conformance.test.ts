/** Whole training runs against PyTorch's, computed in float64. */
import { BatchNorm, Linear, Sequential, SGD, Sigmoid, tensor } from "batchnorm";
import { expect, it } from "vitest";
import { type Packed, trainingRun, unpack } from "../support/conformance.ts";
import { largest, largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { openTrainer } from "../support/training.ts";

const tensorOf = (packed: Packed) => tensor(unpack(packed).data, packed.shape);

const networks = {
  "mlp-bn": () =>
    new Sequential(
      new Linear(20, 16, { bias: false }),
      new BatchNorm(16),
      new Sigmoid(),
      new Linear(16, 16, { bias: false }),
      new BatchNorm(16),
      new Sigmoid(),
      new Linear(16, 5),
    ),
  "mlp-plain": () =>
    new Sequential(new Linear(20, 16), new Sigmoid(), new Linear(16, 16), new Sigmoid(), new Linear(16, 5)),
};

onEveryDevice(({ device }) => {
  it.each(Object.keys(networks) as (keyof typeof networks)[])("%s trains as PyTorch does", async (name) => {
    const run = trainingRun(name);
    const { kind, ...options } = run.optimizer;
    expect(kind).toBe("sgd");
    const model = networks[name]();
    model.loadStateDict(Object.fromEntries(Object.entries(run.initial).map(([key, array]) => [key, unpack(array)])));
    const trainer = openTrainer(model, { optimizer: new SGD(options), device });

    expect(run.steps.length).toBeGreaterThan(0);
    for (const { input, labels, loss } of run.steps) {
      expect(Math.abs((await trainer.step(tensorOf(input), labels)).loss / loss - 1)).toBeLessThanOrEqual(1e-4);
    }

    await trainer.synchronize();
    const final = model.stateDict();
    expect(Object.keys(final).sort()).toEqual(Object.keys(run.final).sort());
    for (const [key, packed] of Object.entries(run.final)) {
      const { shape, data } = unpack(packed);
      expect(final[key].shape).toEqual(shape);
      expect(largestDifference(final[key].data, data), key).toBeLessThanOrEqual(1e-4 * largest(data));
    }
    const logits = unpack(run.eval.logits).data;
    const given = (await trainer.predict(tensorOf(run.eval.input))).data;
    expect(largestDifference(given, logits)).toBeLessThanOrEqual(1e-4 * largest(logits));
  });
});
