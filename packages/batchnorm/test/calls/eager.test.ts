/** Layers called on tensors, one after another and in turn, all over one device. */
import {
  add,
  BatchNorm,
  batchNormForward,
  configure,
  Linear,
  ReLU,
  randn,
  Sequential,
  Sigmoid,
  type Tensor,
} from "batchnorm";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { digest, normals } from "../support/data.ts";
import { expectSame, gaussianTensor, setAffine } from "../support/layers.ts";
import { made } from "../support/made.ts";

afterEach(() => configure({}));

const makers = [
  () => new BatchNorm(6),
  () => new Sequential(new Linear(6, 40), new BatchNorm(40), new Sigmoid(), new Linear(40, 6)),
  () => new BatchNorm(6, { axis: 1 }),
  () => {
    const shared = new Linear(6, 6);
    return made({ shared, bn: new BatchNorm(6), relu: new ReLU() }, (x, { shared, bn, relu }) => {
      return relu.of(add(bn.of(shared.of(relu.of(shared.of(x)))), x));
    });
  },
];
const shapes = [
  [4, 6],
  [31, 6],
  [300, 6],
];

/** Layers with the same weights every time. */
function layersAgain() {
  return makers.map((make, i) => {
    const layer = make();
    for (const [j, p] of layer.parameters().entries()) p.data.set(normals(10 * i + j, p.size));
    return layer;
  });
}

type Command = { layer: number; shape: number } | { layer: number; backward: true } | { borrow: true };
const commands = fc.array(
  fc.oneof(
    fc.record({ layer: fc.nat(makers.length - 1), shape: fc.nat(2) }),
    fc.record({ layer: fc.nat(makers.length - 1), backward: fc.constant(true as const) }),
    fc.record({ borrow: fc.constant(true as const) }),
  ),
  { maxLength: 25 },
);

/** What each layer gives for its own part of the commands, its gradients included. */
function results(list: Command[], parts: (number | "all")[]): string[][] {
  const layers = layersAgain();
  const given: string[][] = layers.map(() => []);
  for (const part of parts) {
    const last: (Tensor | null)[] = layers.map(() => null);
    for (const [i, command] of list.entries()) {
      if ("borrow" in command) {
        if (part === "all") batchNormForward(normals(i, 5000), { shape: [50, 100] });
        continue;
      }
      const at = command.layer;
      if (part !== "all" && part !== at) continue;
      if ("shape" in command) last[at] = layers[at].forward(gaussianTensor(i, shapes[command.shape]));
      const y = last[at];
      if (!y) continue;
      const got = "shape" in command ? y : layers[at].backward(gaussianTensor(1000 + i, y.shape));
      const gradients = layers[at].parameters().map((p) => (p.grad ? digest(p.grad.data) : "none"));
      given[at].push(digest(got.data), ...gradients);
    }
  }
  return given;
}

test("layers called in any order, and functions in between, give what each gives by itself", () => {
  fc.assert(
    fc.property(commands, (list) => {
      expect(results(list, ["all"])).toEqual(results(list, [...makers.keys()]));
    }),
    { seed: 5, numRuns: 80 },
  );
});

test("a result belongs to the caller: later calls do not change it, and changing it changes nothing", () => {
  const bn = new BatchNorm(8);
  const x = gaussianTensor(1, [16, 8]);
  const y = bn.forward(x);
  const kept = y.data.slice();
  const dx = bn.backward(gaussianTensor(2, [16, 8]));
  const keptGradient = dx.data.slice();
  bn.forward(gaussianTensor(3, [16, 8], 9));
  expectSame(y.data, kept);
  expectSame(dx.data, keptGradient);
  bn.forward(x).data.fill(0);
  expectSame(bn.backward(gaussianTensor(2, [16, 8])).data, keptGradient);
});

test("an input may be changed after the call: backward is that of what was given", () => {
  const bn = new BatchNorm(8);
  const [x, dy] = [gaussianTensor(1, [16, 8]), gaussianTensor(2, [16, 8])];
  bn.forward(x);
  const want = bn.backward(dy).data;
  bn.forward(x);
  x.data.fill(7);
  expectSame(bn.backward(dy).data, want);
});

test("weights changed between calls hold from the next one", () => {
  const bn = new BatchNorm(2);
  const x = gaussianTensor(1, [5, 2]);
  const before = bn.forward(x).data;
  bn.bias!.data.fill(3);
  bn.forward(x).data.forEach((v, i) => {
    expect(v).toBeCloseTo(before[i] + 3, 5);
  });
});

test("a call that fails leaves other layers' results in place, and its own layer usable", () => {
  const [good, bad] = [new BatchNorm(4), new BatchNorm(4)];
  const [x, dy] = [gaussianTensor(1, [6, 4]), gaussianTensor(2, [6, 4])];
  good.forward(x);
  const want = good.backward(dy).data;
  good.forward(x);
  expect(() => bad.forward(randn([1, 4]))).toThrow("[BatchNorm] expected more than one value a channel");
  expect(() => bad.forward(randn([6, 5]))).toThrow("[BatchNorm] expected 4 channels");
  expectSame(good.backward(dy).data, want);
  expect(() => bad.backward(dy)).toThrow("[BatchNorm.backward] expected a forward pass before it");
  expectSame(bad.forward(x).data, good.forward(x).data);
});

test("after a call that failed there is nothing to go back from, whatever worked before", () => {
  const bn = new BatchNorm(4).eval();
  const one = gaussianTensor(1, [1, 4]);
  bn.forward(one);
  bn.backward(one);
  bn.train();
  expect(() => bn.forward(one)).toThrow(expect.objectContaining({ code: "E_BATCH" }));
  expect(() => bn.backward(one)).toThrow(expect.objectContaining({ code: "E_STATE" }));
});

test("a layer within a model can be called by itself, and the model still goes back", () => {
  const [, model] = layersAgain() as [BatchNorm, Sequential, BatchNorm];
  const [x, dy] = [gaussianTensor(1, [9, 6]), gaussianTensor(2, [9, 6])];
  model.forward(x);
  const want = model.backward(dy).data;
  model.forward(x);
  const hidden = model.layers[0].forward(x);
  model.layers[1].forward(hidden);
  expectSame(model.backward(dy).data, want);
});

test("configure chooses the device from the next call on; what was before it can no longer go back", () => {
  const bn = new BatchNorm(400);
  setAffine(bn);
  const [x, dy] = [gaussianTensor(1, [600, 400]), gaussianTensor(2, [600, 400])];
  const run = () => ({ y: bn.forward(x).data, dx: bn.backward(dy).data });
  configure({ build: "simd" });
  const plain = run();
  configure({ deterministic: "everywhere", threads: 3 });
  expect(() => bn.backward(dy)).toThrow(expect.objectContaining({ code: "E_STATE" }));
  const threaded = run();
  expectSame(threaded.y, plain.y);
  expectSame(threaded.dx, plain.dx);
  expect(() => configure({ threads: 0 })).toThrow(expect.objectContaining({ code: "E_VALUE" }));
  expectSame(run().y, plain.y);
});
