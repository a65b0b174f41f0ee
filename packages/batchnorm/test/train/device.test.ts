/** Trainers on a device that they were given: it may be shared, it stays open, and all of its memory comes back. */
import { Dropout, randn, SGD, Trainer, WasmDevice } from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import { describe, expect, it, onTestFinished } from "vitest";
import { onEveryDevice } from "../support/devices.ts";
import { rejects } from "../support/refusal.ts";
import { cpuOf, openTrainer, smallDataset, smallNetwork, stateBits, trainedBits } from "../support/training.ts";

const x = randn([12, 6], { seed: 3 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);
const data = smallDataset();
const optimizer = () => new SGD({ lr: 0.1, momentum: 0.9 });

onEveryDevice(({ device }) => {
  it("two trainers on one device train as each does alone", async () => {
    const [first, second] = [1, 2].map((seed) =>
      openTrainer(smallNetwork({ seed }), { device, optimizer: optimizer() }),
    );
    for (let i = 0; i < 4; i++) {
      await first.step(x, labels);
      await second.fit(data, { steps: 2, batchSize: 8 });
      await first.evaluate(data);
    }
    const alone = openTrainer(smallNetwork({ seed: 1 }), { device, optimizer: optimizer() });
    for (let i = 0; i < 4; i++) await alone.step(x, labels);
    expect(await trainedBits(first)).toBe(await trainedBits(alone));
    const other = openTrainer(smallNetwork({ seed: 2 }), { device, optimizer: optimizer() });
    await other.fit(data, { steps: 8, batchSize: 8 });
    expect(await trainedBits(second)).toBe(await trainedBits(other));
  });

  it("a trainer that is closed leaves the device open, for others and for its own model", async () => {
    const model = smallNetwork();
    const [first, second] = [openTrainer(model, { device }), openTrainer(smallNetwork(), { device })];
    await first.step(x, labels);
    await first.close();
    expect(device.closed).toBe(false);
    await second.step(x, labels);
    expect(await trainedBits(second)).toBe(stateBits(model));
    const again = openTrainer(model, { device });
    expect(await again.step(x, labels)).toEqual(await second.step(x, labels));
    expect(await trainedBits(again)).toBe(await trainedBits(second));
  });

  it("values survive close, those seen before it too", async () => {
    const trainer = openTrainer(smallNetwork(), { device });
    await trainer.fit(data, { steps: 5, batchSize: 8 });
    await trainer.synchronize();
    const parameters = trainer.model.parameters();
    const viewed = parameters.map((parameter) => parameter.data);
    const values = viewed.map((view) => view.slice());
    const bits = stateBits(trainer.model);
    await trainer.close();
    expect(stateBits(trainer.model)).toBe(bits);
    // Somebody else trains where the values were.
    await openTrainer(smallNetwork({ seed: 9 }), { device }).fit(data, { steps: 5, batchSize: 8 });
    expect(parameters.map((parameter) => parameter.data)).toEqual(values);
    expect(stateBits(trainer.model)).toBe(bits);
    expect(parameters.every((parameter) => parameter.resident.home === null && parameter.grad === null)).toBe(true);
  });

  it("its batch norm goes on counting where the trainer has stopped", async () => {
    const trainer = openTrainer(smallNetwork({ dropout: 0 }), { device });
    for (let i = 0; i < 3; i++) await trainer.step(x, labels);
    await trainer.close();
    trainer.model.forward(x);
    const counts = Object.entries(trainer.model.stateDict()).filter(([name]) => name.endsWith("num_batches_tracked"));
    expect(counts.map(([, { data: values }]) => values[0])).toEqual([4, 4]);
  });
});

describe("memory of the CPU", () => {
  it("comes back with the end of each trainer, whatever it did", async () => {
    const device = new WasmDevice();
    onTestFinished(() => device.close());
    const run = async () => {
      const trainer = new Trainer(smallNetwork({ width: 40 }), { optimizer: optimizer(), device });
      const end = trainer.watch(trainer.model, () => {});
      for (const batchSize of [8, 9, 10, 11, 12]) {
        await trainer.fit(data, { steps: 3, batchSize, lastBatch: "use" });
        await trainer.evaluate(smallDataset({ seed: batchSize }), { batchSize });
        await trainer.predict(smallDataset({ seed: batchSize + 1 }), { batchSize: 7 });
      }
      const [first] = trainer.model.parameters();
      first.trainable = false;
      await trainer.step(x, labels);
      first.trainable = true;
      await trainer.resume(await trainer.save());
      end();
      for await (const _ of trainer.iterate(data, { steps: 30, batchSize: 8, every: 2 })) break;
      await trainer.close();
    };
    const before = device.memory.top;
    await run();
    expect(device.memory.top).toBe(before);
    const { byteLength } = device.memory;
    for (let i = 0; i < 5; i++) await run();
    expect([device.memory.top, device.memory.byteLength]).toEqual([before, byteLength]);
  });

  it("comes back where a shape is refused", async () => {
    const trainer = openTrainer(smallNetwork());
    await trainer.step(x, labels);
    const before = cpuOf(trainer).memory.top;
    for (let i = 0; i < 3; i++) {
      await rejects(() => trainer.step(randn([4, 5]), [0, 1, 2, 0]), "E_SHAPE");
      await rejects(() => trainer.step(randn([2, 3, 6]), [0, 1]), "E_SHAPE");
      await rejects(() => trainer.step(randn([1, 6]), [0]), "E_BATCH");
    }
    expect(cpuOf(trainer).memory.top).toBe(before);
  });
});

describe("a device that is closed before its trainer", () => {
  it("leaves the model what it has learned, on the CPU", async () => {
    const device = new WasmDevice();
    const trainer = new Trainer(smallNetwork(), { optimizer: optimizer(), device });
    await trainer.step(x, labels);
    const bits = stateBits(trainer.model);
    device.close();
    await rejects(() => trainer.step(x, labels), "E_STATE", "[Device] expected an open device");
    await trainer.close();
    expect(stateBits(trainer.model)).toBe(bits);
    await openTrainer(trainer.model).step(x, labels);
  });

  it("leaves it what was read back last, where JavaScript cannot see its memory", async () => {
    const device = new ReferenceDevice();
    const trainer = new Trainer(smallNetwork(), { optimizer: optimizer(), device });
    await trainer.step(x, labels);
    await trainer.synchronize();
    const bits = stateBits(trainer.model);
    device.close();
    await trainer.close();
    expect(stateBits(trainer.model)).toBe(bits);
  });
});

describe("values on a device that JavaScript cannot see into", () => {
  const open = () => {
    const device = new ReferenceDevice();
    const model = smallNetwork();
    return { model, trainer: openTrainer(model, { device }) };
  };

  it("are refused after a step until they were read back", async () => {
    const { model, trainer } = open();
    const bits = stateBits(model);
    const [parameter] = model.parameters();
    await trainer.step(x, labels);
    const advice = "await trainer.synchronize() first, or close the trainer";
    for (const read of [
      () => parameter.data,
      () => parameter.grad,
      () => model.stateDict(),
      () => model.forward(x),
      () => new Trainer(smallNetwork(), { optimizer: optimizer() }).model.loadStateDict(model.stateDict()),
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: "E_STATE", message: expect.stringContaining(advice) }));
    }
    await trainer.synchronize();
    const after = stateBits(model);
    expect(after).not.toBe(bits);
    expect(parameter.grad?.data.some((value) => value !== 0)).toBe(true);
    await trainer.step(x, labels);
    expect(() => parameter.data).toThrow("expected values that were read back");
    await trainer.close();
    expect(stateBits(model)).not.toBe(after);
  });

  it("stay readable while the model only predicts", async () => {
    const { model, trainer } = open();
    const bits = stateBits(model);
    await trainer.predict(x);
    await trainer.evaluate(data);
    expect(stateBits(model)).toBe(bits);
    await trainer.step(x, labels);
    await trainer.synchronize();
    const after = stateBits(model);
    await trainer.evaluate(data);
    expect(stateBits(model)).toBe(after);
  });

  it("can be loaded meanwhile, and are trained on from there", async () => {
    const [first, second] = [open(), open()];
    const other = smallNetwork({ seed: 7 }).stateDict();
    await first.trainer.step(x, labels);
    await first.trainer.synchronize();
    first.model.loadStateDict(other);
    second.model.loadStateDict(other);
    for (const { model } of [first, second]) {
      const dropout = [...model.modules()].find((layer) => layer instanceof Dropout);
      dropout!.random.state = smallNetwork().layers[3].random!.state;
    }
    expect((await first.trainer.step(x, labels)).loss).toBe((await second.trainer.step(x, labels)).loss);
    expect(await trainedBits(first.trainer)).toBe(await trainedBits(second.trainer));
  });
});
