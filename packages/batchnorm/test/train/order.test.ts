/** The order in which `fit` takes the examples of a data set. */
import { Dataset } from "batchnorm";
import { describe, expect, it } from "vitest";
import { Order } from "#dist/train/order.js";
import { fitAll, openTrainer, smallNetwork } from "../support/training.ts";

/** The examples of each epoch that a trainer is given, by number. */
async function examples(count: number, batchSize: number, epochs: number, seed = 0): Promise<number[][]> {
  const model = smallNetwork({ inputs: 2 });
  const trainer = openTrainer(model, { seed });
  const data = new Dataset({
    data: Float32Array.from({ length: 2 * count }, (_, i) => i >> 1),
    shape: [2],
    labels: new Uint8Array(count),
  });
  const used: number[] = [];
  trainer.watch(model.layers[0], ({ input }) => {
    for (let row = 0; row < batchSize; row++) used.push(input.data[2 * row]);
  });
  await fitAll(trainer, data, { epochs, batchSize });
  const each = used.length / epochs;
  return Array.from({ length: epochs }, (_, epoch) => used.slice(epoch * each, (epoch + 1) * each));
}

const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("an epoch", () => {
  it("uses every example once", async () => {
    for (const epoch of await examples(40, 8, 4)) expect(sorted(epoch)).toEqual(upTo(40));
  });

  it("leaves out what does not fill a batch, other examples each time", async () => {
    const epochs = await examples(43, 8, 4);
    const left = epochs.map((epoch) => {
      expect(epoch).toHaveLength(40);
      expect(new Set(epoch).size).toBe(40);
      return upTo(43)
        .filter((i) => !epoch.includes(i))
        .join();
    });
    expect(new Set(left).size).toBeGreaterThan(1);
  });

  it("has an order of its own", async () => {
    const epochs = await examples(40, 8, 4);
    expect(new Set([...epochs, upTo(40)].map(String)).size).toBe(5);
  });

  it("has the order that the seed says", async () => {
    expect(await examples(40, 8, 2, 7)).toEqual(await examples(40, 8, 2, 7));
    expect(await examples(40, 8, 1, 7)).not.toEqual(await examples(40, 8, 1, 8));
  });
});

describe("Order", () => {
  it("goes on from its state as if it had not stopped, from any place in an epoch", () => {
    const whole = new Order(3);
    for (let i = 0; i < 9; i++) {
      const other = new Order(99);
      other.state = structuredClone(whole.state);
      for (let j = 0; j < 7; j++) expect(other.next(10, 3)).toEqual(advanced(i + j).next(10, 3));
      whole.next(10, 3);
    }
  });

  it("begins a new epoch where a larger batch no longer fits", () => {
    const order = new Order(1);
    order.next(10, 4);
    expect(order.epoch).toBe(0);
    const batch = order.next(10, 7);
    expect(order.epoch).toBe(2);
    expect(new Set(batch).size).toBe(7);
  });
});

/** An order of ten, by threes, after so many batches. */
function advanced(batches: number): Order {
  const order = new Order(3);
  for (let i = 0; i < batches; i++) order.next(10, 3);
  return order;
}
