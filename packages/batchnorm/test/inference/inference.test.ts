/** A trained model that gives results: folded, its weights copied, bound to the shapes that come. */
import {
  add,
  BatchNorm,
  Concat,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAveragePool,
  Inference,
  type InferenceOptions,
  type Layer,
  Linear,
  MaxPool2d,
  ReLU,
  Residual,
  randn,
  Sequential,
  Tanh,
  WasmDevice,
} from "batchnorm";
import { inception, resnet } from "batchnorm/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { devices, onEveryDevice } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import { made } from "../support/made.ts";
import { started } from "../support/pool.ts";
import { refuses, rejects } from "../support/refusal.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer } from "../support/training.ts";

function open(model: Layer, options: InferenceOptions = {}): Inference {
  const inference = new Inference(model, options);
  onTestFinished(() => inference.close());
  return inference;
}

const unit = (from: number, to: number, options = {}) => [
  new Conv2d(from, to, 3, { padding: 1, ...options }),
  new BatchNorm(to),
  new ReLU(),
];

/** Direct and Winograd convolutions, groups, branches and sums, Dropout, a batch norm that cannot be folded. */
function network(): Sequential {
  return asTrained(
    new Sequential(
      ...unit(3, 16),
      new Residual(new Sequential(...unit(16, 16), ...unit(16, 16).slice(0, 2))),
      new ReLU(),
      new Dropout(0.5),
      new Concat(
        new Sequential(...unit(16, 8, { groups: 4, stride: 2 })),
        new Sequential(new MaxPool2d(3, { stride: 2, padding: 1 }), new Dropout(0.5)),
      ),
      new BatchNorm(24),
      new ReLU(),
      new GlobalAveragePool(),
      new Linear(24, 20, { bias: false }),
      new BatchNorm(20),
      new Tanh(),
      new Linear(20, 4),
    ),
  );
}

const memoryOf = ({ device }: Inference) => (device as WasmDevice).memory;

onEveryDevice((run) => {
  const on = (model: Layer, options: InferenceOptions = {}) => open(model, { device: run.device, ...options });

  it("gives what the model gives in eval mode", async () => {
    const model = network();
    const x = gaussianTensor(1, [3, 9, 8, 3]);
    const accurate = await on(model, { convolution: "accurate" }).predict(x);
    expect(accurate.shape).toEqual([3, 4]);
    const want = (await run.forward(model.eval(), x)).data;
    expectNear(accurate.data, want, 5e-5);
    expectNear((await on(model).predict(x)).data, want, 5e-5);
  });

  it("does not depend on the model's mode, and does not change the model", async () => {
    const model = network();
    const x = gaussianTensor(1, [3, 9, 8, 3]);
    const before = snapshot(model);
    const training = await on(model.train()).predict(x);
    expectSame(training.data, (await on(model.eval()).predict(x)).data);
    expect(snapshot(model)).toBe(before);
  });

  it("gives a tensor that later calls leave alone", async () => {
    const inference = on(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const given = await inference.predict(x);
    const copy = given.data.slice();
    await inference.predict(gaussianTensor(2, [2, 5, 5, 3]));
    expectSame(given.data, copy);
    expectSame((await inference.predict(x)).data, copy);
  });

  it("gives each caller its own, who may ask without waiting, and change the input meanwhile", async () => {
    const inference = on(network());
    const inputs = [1, 2, 3, 4].map((seed) => gaussianTensor(seed, [2, 5 + (seed % 2), 5, 3]));
    const want: Float32Array[] = [];
    for (const x of inputs) want.push((await inference.predict(x)).data);
    const asked = inputs.map((x) => inference.predict(x));
    const refused = expect(inference.predict(randn([2, 5, 5, 2]))).rejects.toMatchObject({ code: "E_SHAPE" });
    const last = inference.predict(inputs[0]);
    for (const { data } of inputs) data.fill(0);
    for (const [i, { data }] of (await Promise.all(asked)).entries()) expectSame(data, want[i]);
    await refused;
    expectSame((await last).data, want[0]);
  });

  it("takes a model without parameters, and one that does nothing", async () => {
    const x = gaussianTensor(1, [2, 3, 4]);
    expect((await on(new Flatten()).predict(x)).shape).toEqual([2, 12]);
    expectSame((await on(new Sequential(new Dropout(0.5))).predict(x)).data, x.data);
  });

  it("after close it is refused, and the device is left as it was", async () => {
    const { device } = run;
    const inference = new Inference(network(), { device });
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    await inference.predict(x);
    inference.close();
    inference.close();
    await rejects(() => inference.predict(x), "E_STATE", "[Inference]", "open", "closed", "Make a new one");
    expect(device.closed).toBe(false);
    const other = on(network());
    expect((await other.predict(x)).shape).toEqual([2, 4]);
  });

  it("a model of one's own modules is in eval mode, and in its own mode again afterwards", async () => {
    const wrapped = made({ bn: new BatchNorm(4), tanh: new Tanh() }, (x, { bn, tanh }) => add(bn.of(x), tanh.of(x)));
    const model = asTrained(new Sequential(new Linear(3, 4), wrapped, new Linear(4, 2)));
    const x = randn([6, 3], { seed: 1 });
    const before = model.stateDict()["1.bn.running_mean"].data.slice();
    const got = (await on(model.train()).predict(x)).data;
    expect(model.stateDict()["1.bn.running_mean"].data).toEqual(before);
    expect([...model.modules()].every(({ training }) => training)).toBe(true);
    expectNear(got, (await run.forward(model.eval(), x)).data, 1e-5);
  });
});

describe("predict", () => {
  it.each([
    ["ResNet", () => resnet({ depth: 8, width: 8 })],
    ["Inception", () => inception({ dropout: 0.5 })],
  ])("of a %s is what a trainer predicts", async (_, make) => {
    const model = asTrained(make());
    const x = gaussianTensor(2, [2, 16, 16, 3]);
    const want = (await openTrainer(model).predict(x)).data;
    expectNear((await open(model).predict(x)).data, want, 1e-4);
  });

  it("gives the same bits on 1, 2 and 3 threads", async () => {
    const model = network();
    const x = gaussianTensor(3, [40, 17, 16, 3]);
    const one = (await open(model).predict(x)).data;
    for (const threads of [2, 3]) {
      const inference = open(model, { threads });
      const device = inference.device as WasmDevice;
      expect(device.threads).toBe(threads);
      await started(device);
      for (let i = 0; i < 3; i++) expectSame((await inference.predict(x)).data, one);
    }
  });

  it("has a way without waiting on the CPU, which gives the same bits", async () => {
    const inference = open(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const now = inference.predictNow(x);
    expectSame(now.data, (await inference.predict(x)).data);
    const waiting = open(network(), { device: devices.reference() });
    refuses(() => waiting.predictNow(x), "E_PLATFORM", "expected the CPU, got reference");
  });
});

describe("what happens to the model afterwards", () => {
  it("is not seen, folded or not", async () => {
    const model = network();
    const inference = open(model);
    const [x, y] = [gaussianTensor(1, [4, 9, 8, 3]), gaussianTensor(1, [4, 7, 7, 3])];
    const before = (await inference.predict(x)).data;
    const other = (await open(model).predict(y)).data;
    const trainer = openTrainer(model);
    for (let i = 0; i < 3; i++) await trainer.step(x, [0, 1, 2, 3]);
    await trainer.close();
    for (const { data } of model.parameters()) data.fill(9);
    expectSame((await inference.predict(x)).data, before);
    // Bound only now.
    expectSame((await inference.predict(y)).data, other);
  });

  it("does not matter while a trainer holds it either", async () => {
    const model = network();
    const x = gaussianTensor(1, [4, 9, 8, 3]);
    const trainer = openTrainer(model);
    await trainer.step(x, [0, 1, 2, 3]);
    const inference = open(model);
    const before = (await inference.predict(x)).data;
    expectNear(before, (await trainer.predict(x)).data, 5e-5);
    await trainer.step(x, [0, 1, 2, 3]);
    expectSame((await inference.predict(x)).data, before);
  });
});

describe("shapes", () => {
  const shapes = [1, 2, 3, 5, 8, 13].map((n) => [n, 4 + (n % 3), 6, 3]);

  it("may come in any order, more of them than are kept", async () => {
    const model = network();
    const inference = open(model);
    const inputs = shapes.map((shape, i) => gaussianTensor(i, shape));
    const alone = await Promise.all(inputs.map(async (x) => (await open(model).predict(x)).data));
    for (const i of [0, 1, 2, 3, 4, 5, 0, 0, 3, 1, 5, 4, 3, 2, 1, 0, 5]) {
      expectSame((await inference.predict(inputs[i])).data, alone[i], `shape ${shapes[i]}`);
    }
  });

  it("take no more memory each time that they come again", async () => {
    const inference = open(network());
    const round = async () => {
      for (const [i, shape] of shapes.entries()) await inference.predict(gaussianTensor(i, shape));
      return memoryOf(inference).byteLength;
    };
    for (let i = 0; i < 5; i++) await round();
    const before = await round();
    for (let i = 0; i < 30; i++) expect(await round()).toBe(before);
  });

  it("that the model does not take are refused, and nothing is broken by it", async () => {
    const inference = open(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const want = (await inference.predict(x)).data;
    const { top } = memoryOf(inference);
    for (let i = 1; i <= 6; i++) {
      await rejects(
        () => inference.predict(randn([i, 5, 5, 2])),
        "E_SHAPE",
        "[Conv2d 0]",
        "[N, H, W, 3]",
        `[${i}, 5, 5, 2]`,
      );
      await rejects(() => inference.predict(randn([0, 5, 5, 3])), "E_BATCH", "at least one example");
    }
    expectSame((await inference.predict(x)).data, want);
    expect(memoryOf(inference).top).toBe(top);
  });

  it("that a layer far behind refuses leave no memory taken", async () => {
    const inference = open(new Sequential(new Conv2d(3, 8, 3), new Flatten(), new Linear(72, 2)));
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const want = (await inference.predict(x)).data;
    const { top } = memoryOf(inference);
    for (let size = 6; size < 16; size++) {
      await rejects(() => inference.predict(randn([2, size, size, 3])), "E_SHAPE", "[Linear 2]", "72 features");
    }
    expect(memoryOf(inference).top).toBeLessThanOrEqual(top);
    expectSame((await inference.predict(x)).data, want);
  });
});

describe("errors", () => {
  it("after close, which ends the device that was made", async () => {
    const inference = new Inference(network());
    inference.close();
    expect(inference.device.closed).toBe(true);
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    refuses(() => inference.predictNow(x), "E_STATE", "[Inference]", "open", "closed", "Make a new one");
    const other = new Inference(network());
    other[Symbol.dispose]();
    expect(other.device.closed).toBe(true);
  });

  it("closing gives the memory of a device back that is somebody else's", async () => {
    const device = new WasmDevice();
    onTestFinished(() => device.close());
    const before = device.memory.top;
    const inference = new Inference(network(), { device });
    for (const n of [2, 3]) await inference.predict(gaussianTensor(1, [n, 5, 5, 3]));
    expect(device.memory.top).toBeGreaterThan(before);
    inference.close();
    expect(device.memory.top).toBe(before);
  });

  it("for what is no tensor, and options out of range", async () => {
    const inference = open(network());
    await rejects(() => inference.predict([1, 2] as never), "E_SHAPE", "[Inference.predict]", "got an array");
    refuses(() => new Inference(network(), { threads: 0 }), "E_VALUE", "threads from 1 to 64", "got 0");
    refuses(() => new Inference(network(), { thread: 2 } as object), "E_VALUE", "thread (did you mean threads?)");
  });
});
