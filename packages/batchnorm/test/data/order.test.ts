/** The order in which `fit` takes the examples of a data set. */
import { Dataset, type Trainer } from "batchnorm";
import { describe, expect, it } from "vitest";
import { type Examples, type LastBatch, Order } from "#dist/data/order.js";
import { openTrainer, smallNetwork } from "../support/training.ts";

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
  await trainer.fit(data, { untilEpoch: epochs, batchSize });
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

describe("fit on something else than before", () => {
  const input = (count: number) => Float32Array.from({ length: 2 * count }, (_, i) => i >> 1);
  const dataset = (count: number) => new Dataset({ data: input(count), shape: [2], labels: new Uint8Array(count) });

  /** A trainer, and the numbers of the examples that it was given since the last call. */
  function watched(): { trainer: Trainer; used: () => number[] } {
    const model = smallNetwork({ inputs: 2 });
    const trainer = openTrainer(model);
    let given: number[] = [];
    trainer.watch(model.layers[0], ({ input: { data, shape } }) => {
      for (let row = 0; row < shape[0]; row++) given.push(data[2 * row]);
    });
    const used = () => {
      const all = given;
      given = [];
      return all;
    };
    return { trainer, used };
  }

  it("gives another data set a whole pass of its own, after part of one over the first", async () => {
    const { trainer, used } = watched();
    await trainer.fit(dataset(100), { untilStep: 5, batchSize: 10 });
    expect(new Set(used()).size).toBe(50);
    await trainer.fit(dataset(60), { untilEpoch: 1, batchSize: 10 });
    expect(sorted(used())).toEqual(upTo(60));
    expect(trainer.epoch).toBe(1);
  });

  it("begins anew with a data set of the same length, and with the first again", async () => {
    const [a, b] = [dataset(40), dataset(40)];
    const { trainer, used } = watched();
    let steps = 0;
    for (const data of [a, b, a]) {
      steps += 3;
      await trainer.fit(data, { untilStep: steps, batchSize: 10 });
    }
    const all = used();
    expect(new Set([all.slice(0, 30), all.slice(30, 60), all.slice(60)].map(String)).size).toBe(3);
    expect(trainer.epoch).toBe(0);
    await trainer.fit(a, { untilStep: steps + 1, batchSize: 10 });
    expect(sorted([...all.slice(60), ...used()])).toEqual(upTo(40));
    expect(trainer.epoch).toBe(1);
  });

  it("leaves out nobody for a larger batch", async () => {
    const data = dataset(100);
    const { trainer, used } = watched();
    await trainer.fit(data, { untilStep: 7, batchSize: 10 });
    used();
    await trainer.fit(data, { untilStep: 9, batchSize: 40 });
    expect(new Set(used()).size).toBe(80);
    expect(trainer.epoch).toBe(1);
  });

  it("goes on after a resume where the data set is as long, and begins anew where it is not", async () => {
    const first = watched();
    await first.trainer.fit(dataset(40), { untilStep: 3, batchSize: 10 });
    const saved = await first.trainer.save();
    const before = first.used();
    const second = watched();
    await second.trainer.resume(saved);
    await second.trainer.fit(dataset(40), { untilStep: 4, batchSize: 10 });
    expect(sorted([...before, ...second.used()])).toEqual(upTo(40));
    const third = watched();
    await third.trainer.resume(saved);
    await third.trainer.fit(dataset(30), { untilEpoch: 1, batchSize: 10 });
    expect(sorted(third.used())).toEqual(upTo(30));
  });
});

describe("Order", () => {
  it("goes on from its state as if it had not stopped, from any place in an epoch", () => {
    const whole = new Order(3);
    for (let i = 0; i < 9; i++) {
      const other = new Order(99);
      other.state = structuredClone(whole.state);
      for (let j = 0; j < 7; j++) expect(other.next(ten, 3)).toEqual(advanced(i + j).next(ten, 3));
      whole.next(ten, 3);
    }
  });

  it("goes on from its state alike with another data set, or other batches", () => {
    const turns: [Examples, number, LastBatch][] = [
      [ten, 4, "drop"],
      [ten, 3, "use"],
      [{ length: 8 }, 3, "drop"],
      [{ length: 12 }, 5, "use"],
    ];
    for (let batches = 1; batches < 5; batches++) {
      for (const turn of turns) {
        const whole = advanced(batches);
        const other = new Order(99);
        other.state = structuredClone(whole.state);
        for (let i = 0; i < 6; i++) expect(other.next(...turn)).toEqual(whole.next(...turn));
        expect(other.state).toEqual(whole.state);
      }
    }
  });

  it("begins a new pass for batches of another size, in another order", () => {
    const order = new Order(1);
    const first = Array.from(order.next(ten, 4));
    expect(order.epoch).toBe(0);
    const batch = order.next(ten, 7);
    expect(order.epoch).toBe(1);
    expect(new Set(batch).size).toBe(7);
    expect(Array.from(batch.subarray(0, 4))).not.toEqual(first);
  });

  it("says where its pass stands, and that there is none", () => {
    const order = new Order(1);
    expect(order.state).toMatchObject({ epoch: 0, cursor: 0, length: 0, batchSize: 0 });
    order.next(ten, 4);
    expect(order.state).toMatchObject({ epoch: 0, cursor: 4, length: 10, batchSize: 4 });
    order.next(ten, 4);
    expect(order.state).toMatchObject({ epoch: 1, cursor: 0, length: 0, batchSize: 0 });
  });

  it("uses the last, smaller batch where it is told to", () => {
    const order = new Order(1);
    for (let epoch = 0; epoch < 3; epoch++) {
      const used: number[] = [];
      for (const size of [4, 4, 2]) {
        expect(order.epoch).toBe(epoch);
        expect(order.upcoming(ten, 4, "use")).toBe(size);
        const batch = order.next(ten, 4, "use");
        expect(batch).toHaveLength(size);
        used.push(...batch);
      }
      expect(sorted(used)).toEqual(upTo(10));
    }
    expect(order.epoch).toBe(3);
    expect(order.next(ten, 40, "use")).toHaveLength(10);
    expect(order.epoch).toBe(4);
  });

  it("drops it from where it is told to, resumed or not", () => {
    const order = new Order(1);
    for (let i = 0; i < 2; i++) order.next(ten, 4, "use");
    const other = new Order(99);
    other.state = structuredClone(order.state);
    for (const each of [order, other]) {
      expect(each.upcoming(ten, 4)).toBe(4);
      expect(each.next(ten, 4)).toHaveLength(4);
      expect(each.epoch).toBe(1);
    }
    expect(other.next(ten, 4)).toEqual(order.next(ten, 4));
    expect(other.state).toEqual(order.state);
  });
});

const ten = { length: 10 };

/** An order of ten, by threes, after so many batches. */
function advanced(batches: number): Order {
  const order = new Order(3);
  for (let i = 0; i < batches; i++) order.next(ten, 3);
  return order;
}
