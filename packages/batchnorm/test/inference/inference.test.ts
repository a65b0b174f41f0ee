/** A trained model that gives results: folded, its weights copied, bound to the shapes that come. */
import {
  BatchNorm,
  Concat,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAveragePool,
  Inference,
  Layer,
  Linear,
  MaxPool2d,
  ReLU,
  Residual,
  randn,
  Sequential,
  Tanh,
} from "batchnorm";
import { inception, resnet } from "batchnorm/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { builds } from "../support/builds.ts";
import { expectNear, expectSame, gaussianTensor, snapshot } from "../support/layers.ts";
import { started } from "../support/pool.ts";
import { refuses } from "../support/refusal.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer } from "../support/training.ts";

function open(model: Layer, options: ConstructorParameters<typeof Inference>[1] = {}): Inference {
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

const evaluated = (model: Layer, x: ReturnType<typeof randn>) => model.eval().forward(x);

describe("predict", () => {
  it.each(builds)("gives what the model gives in eval mode, on %s", (build) => {
    const model = network();
    const x = gaussianTensor(1, [3, 9, 8, 3]);
    const accurate = open(model, { build, convolution: "accurate" }).predict(x);
    expect(accurate.shape).toEqual([3, 4]);
    const want = evaluated(model, x).data;
    expectNear(accurate.data, want, 5e-5);
    expectNear(open(model, { build }).predict(x).data, want, 5e-5);
  });

  it("does not depend on the model's mode, and does not change the model", () => {
    const model = network();
    const x = gaussianTensor(1, [3, 9, 8, 3]);
    const before = snapshot(model);
    const [training, evaluating] = [model.train(), model.eval()].map((each) => open(each).predict(x).data);
    expectSame(training, evaluating);
    expect(snapshot(model)).toBe(before);
  });

  it.each([
    ["ResNet", () => resnet({ depth: 8, width: 8 })],
    ["Inception", () => inception({ dropout: 0.5 })],
  ])("of a %s is what a trainer predicts", (_, make) => {
    const model = asTrained(make());
    const x = gaussianTensor(2, [2, 16, 16, 3]);
    const want = openTrainer(model).predict(x).data;
    expectNear(open(model).predict(x).data, want, 1e-4);
  });

  it("gives the same bits on 1, 2 and 3 threads", async () => {
    const model = network();
    const x = gaussianTensor(3, [40, 17, 16, 3]);
    const one = open(model).predict(x).data;
    for (const threads of [2, 3]) {
      const inference = open(model, { threads });
      expect(inference.engine.threads).toBe(threads);
      await started(inference.engine);
      for (let i = 0; i < 3; i++) expectSame(inference.predict(x).data, one);
    }
  });

  it("gives a tensor that later calls leave alone", () => {
    const inference = open(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const given = inference.predict(x);
    const copy = given.data.slice();
    inference.predict(gaussianTensor(2, [2, 5, 5, 3]));
    expectSame(given.data, copy);
    expectSame(inference.predict(x).data, copy);
  });

  it("takes a model without parameters, and one that does nothing", () => {
    const x = gaussianTensor(1, [2, 3, 4]);
    expect(open(new Flatten()).predict(x).shape).toEqual([2, 12]);
    expectSame(open(new Sequential(new Dropout(0.5))).predict(x).data, x.data);
  });
});

describe("what happens to the model afterwards", () => {
  it("is not seen, folded or not", () => {
    const model = network();
    const inference = open(model);
    const [x, y] = [gaussianTensor(1, [4, 9, 8, 3]), gaussianTensor(1, [4, 7, 7, 3])];
    const before = inference.predict(x).data;
    const other = open(model).predict(y).data;
    const trainer = openTrainer(model);
    for (let i = 0; i < 3; i++) trainer.step(x, [0, 1, 2, 3]);
    trainer.close();
    for (const { data } of model.parameters()) data.fill(9);
    expectSame(inference.predict(x).data, before);
    // Bound only now.
    expectSame(inference.predict(y).data, other);
  });

  it("does not matter while a trainer holds it either", () => {
    const model = network();
    const x = gaussianTensor(1, [4, 9, 8, 3]);
    const trainer = openTrainer(model);
    trainer.step(x, [0, 1, 2, 3]);
    const inference = open(model);
    const before = inference.predict(x).data;
    expectNear(before, trainer.predict(x).data, 5e-5);
    trainer.step(x, [0, 1, 2, 3]);
    expectSame(inference.predict(x).data, before);
  });
});

describe("shapes", () => {
  const shapes = [1, 2, 3, 5, 8, 13].map((n) => [n, 4 + (n % 3), 6, 3]);

  it("may come in any order, more of them than are kept", () => {
    const model = network();
    const inference = open(model);
    const inputs = shapes.map((shape, i) => gaussianTensor(i, shape));
    const alone = inputs.map((x) => open(model).predict(x).data);
    for (const i of [0, 1, 2, 3, 4, 5, 0, 0, 3, 1, 5, 4, 3, 2, 1, 0, 5]) {
      expectSame(inference.predict(inputs[i]).data, alone[i], `shape ${shapes[i]}`);
    }
  });

  it("take no more memory each time that they come again", () => {
    const inference = open(network());
    const round = () => {
      for (const [i, shape] of shapes.entries()) inference.predict(gaussianTensor(i, shape));
      return inference.engine.memory.byteLength;
    };
    for (let i = 0; i < 5; i++) round();
    const before = round();
    for (let i = 0; i < 30; i++) expect(round()).toBe(before);
  });

  it("that the model does not take are refused, and nothing is broken by it", () => {
    const inference = open(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const want = inference.predict(x).data;
    const { top } = inference.engine.memory;
    for (let i = 1; i <= 6; i++) {
      refuses(() => inference.predict(randn([i, 5, 5, 2])), "E_SHAPE", "[Conv2d]", "[N, H, W, 3]", `[${i}, 5, 5, 2]`);
      refuses(() => inference.predict(randn([0, 5, 5, 3])), "E_BATCH", "at least one example");
    }
    expectSame(inference.predict(x).data, want);
    expect(inference.engine.memory.top).toBe(top);
  });

  it("that a layer far behind refuses leave no memory taken", () => {
    const inference = open(new Sequential(new Conv2d(3, 8, 3), new Flatten(), new Linear(72, 2)));
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    const want = inference.predict(x).data;
    const { top } = inference.engine.memory;
    for (let size = 6; size < 16; size++) {
      refuses(() => inference.predict(randn([2, size, size, 3])), "E_SHAPE", "[Linear]", "72 features");
    }
    expect(inference.engine.memory.top).toBeLessThanOrEqual(top);
    expectSame(inference.predict(x).data, want);
  });
});

describe("errors", () => {
  it("after close", () => {
    const inference = new Inference(network());
    const x = gaussianTensor(1, [2, 5, 5, 3]);
    inference.predict(x);
    inference.close();
    inference.close();
    refuses(() => inference.predict(x), "E_STATE", "[Inference]", "open", "closed", "Make a new one");
    const other = new Inference(network());
    other[Symbol.dispose]();
    expect(other.engine.closed).toBe(true);
  });

  it("for what is no tensor, and options out of range", () => {
    const inference = open(network());
    refuses(() => inference.predict([1, 2] as never), "E_SHAPE", "[Inference.predict]", "got an array");
    refuses(() => new Inference(network(), { threads: 0 }), "E_VALUE", "threads from 1 to 64", "got 0");
  });
});

/** A layer of one's own, which `fold` cannot look into. */
class Wrapped extends Layer {
  readonly bn = new BatchNorm(4);

  override children(): [string, Layer][] {
    return [["bn", this.bn]];
  }

  protected override bind(...args: Parameters<Layer["attach"]>): ReturnType<Layer["attach"]> {
    return this.bn.attach(...args);
  }
}

it("a layer of one's own is in eval mode, and in its own mode again afterwards", () => {
  const model = asTrained(new Sequential(new Linear(3, 4), new Wrapped(), new Linear(4, 2)));
  const x = randn([6, 3], { seed: 1 });
  const before = model.stateDict()["1.bn.running_mean"].data.slice();
  const got = new Inference(model.train()).predict(x).data;
  expect(model.stateDict()["1.bn.running_mean"].data).toEqual(before);
  expect([...model.modules()].every(({ training }) => training)).toBe(true);
  expectNear(got, model.eval().forward(x).data, 1e-5);
});
