/**
 * A ReLU that a Sequential fuses with the batch norm or the sum before it gives the bits of one that stands for itself,
 * as it does where somebody watches it.
 */
import {
  BatchNorm,
  type BatchNormOptions,
  gaussian,
  initialize,
  type Layer,
  Linear,
  ReLU,
  Residual,
  Sequential,
  SGD,
  type Tensor,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { Arena } from "#dist/engine/arena.js";
import { Engine } from "#dist/engine/engine.js";
import { Plan, type Slot } from "#dist/layers/plan.js";
import { normals } from "../support/data.ts";
import { expectNear, expectSame, gaussianTensor, setAffine } from "../support/layers.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer, stateBits } from "../support/training.ts";

const engines = {
  reference: new Engine({ build: "reference" }),
  simd: new Engine({ build: "simd" }),
  relaxed: new Engine({ build: "relaxed" }),
};
type Build = keyof typeof engines;

/** Both kinds of fused ReLU; the sum's has something to do, for its terms are of both signs. */
function model(channels: number, options: BatchNormOptions = {}): Sequential {
  const [first, inner, last] = [1, 2, 3].map(() => new BatchNorm(channels, options));
  const block = new Residual(new Sequential(inner, new ReLU(), last));
  return asTrained(new Sequential(first, new ReLU(), block, new ReLU()));
}

const everyRelu = (layer: Layer) => [...layer.modules()].filter((each) => each instanceof ReLU);

interface Run {
  y: Float32Array;
  dx: Float32Array;
  gradients: Float32Array[];
  /** Bytes that the plan took. */
  bytes: number;
}

/** Forward, and backward where the plan is differentiable, with every ReLU fused or with none. */
function run(layer: Layer, x: Tensor, build: Build, fused: boolean, differentiable = true): Run {
  const engine = engines[build];
  const { memory } = engine;
  const arena = new Arena(memory);
  const slots = layer.parameters().map((parameter) => {
    const slot = { value: arena.floats(parameter.size), grad: arena.floats(parameter.size) };
    memory.f32.set(parameter.data, slot.value >> 2);
    return [parameter, slot] as const;
  });
  const before = memory.top;
  const slotOf = new Map(slots);
  const isWatched = (each: unknown) => !fused && each instanceof ReLU;
  const plan = new Plan(engine, arena, { differentiable, slotOf: (p) => slotOf.get(p) as Slot, isWatched });
  const input = plan.value(x.shape);
  const output = layer.attach(plan, input);
  const bytes = memory.top - before;
  const read = (at: number, size: number) => memory.f32.slice(at >> 2, (at >> 2) + size);
  memory.f32.set(x.data, input.at >> 2);
  plan.forward();
  const y = read(output.at, output.size);
  if (differentiable) {
    memory.f32.set(normals(3, output.size), output.grad >> 2);
    plan.backward();
  }
  const gradients = slots.map(([{ size }, { grad }]) => read(grad, size));
  const dx = read(input.grad, differentiable ? input.size : 0);
  arena.free();
  return { y, dx, gradients, bytes };
}

function expectSameRun(got: Run, want: Run): void {
  expectSame(got.y, want.y, "y");
  expectSame(got.dx, want.dx, "dx");
  expect(got.gradients).toHaveLength(want.gradients.length);
  for (const [i, gradient] of got.gradients.entries()) expectSame(gradient, want.gradients[i], `gradient ${i}`);
}

const modes: [string, (layer: Layer) => void][] = [
  ["in training", (layer) => layer.train()],
  ["in eval mode", (layer) => layer.eval()],
  [
    "frozen",
    (layer) => {
      for (const each of layer.modules()) if (each instanceof BatchNorm) each.freeze();
    },
  ],
];

/** Shapes with the channels last: few rows and many, and of images. */
const shapes = [1, 3, 4, 33].flatMap((channels) => [
  [7, channels],
  [300, channels],
  [2, 5, 3, channels],
]);

describe.each(["simd", "relaxed"] as const)("on %s", (build) => {
  describe.each(modes)("%s", (_, prepare) => {
    it.each(shapes.map((shape) => [shape]))("gives the bits of a ReLU by itself for %o", (shape) => {
      const x = gaussianTensor(4, shape);
      const make = (options: BatchNormOptions) => {
        const layer = model(shape[shape.length - 1], options);
        prepare(layer);
        return layer;
      };
      for (const options of [{}, { scale: false }, { center: false }]) {
        expectSameRun(run(make(options), x, build, true), run(make(options), x, build, false));
      }
      const [fused, apart] = [true, false].map((fused) => run(make({}), x, build, fused));
      expect(fused.bytes).toBeLessThan(apart.bytes);
      expectSame(run(make({}), x, build, true, false).y, run(make({}), x, build, false, false).y);
    });

    it("is what the reference gives with a ReLU by itself", () => {
      for (const shape of [
        [50, 3],
        [3, 7, 5, 33],
      ]) {
        const x = gaussianTensor(5, shape);
        const layer = model(shape[shape.length - 1]);
        prepare(layer);
        const want = run(layer, x, "reference", false);
        const got = run(layer, x, build, true);
        expectNear(got.y, want.y, 2e-6, "y");
        expectNear(got.dx, want.dx, 1e-5, "dx");
        for (const [i, gradient] of got.gradients.entries()) expectNear(gradient, want.gradients[i], 1e-5);
      }
    });
  });

  it("leaves alone a batch norm over another axis, and is right there too", () => {
    const bn = new BatchNorm(4, { axis: 1 });
    setAffine(bn);
    const layer = new Sequential(bn, new ReLU());
    const x = gaussianTensor(6, [3, 4, 5, 4]);
    const fused = run(layer, x, build, true);
    expectSameRun(fused, run(layer, x, build, false));
    expectNear(fused.y, run(layer, x, "reference", false).y, 2e-6);
  });

  it.each([1, 3, 4, 33])("trains %i channels to the same bits", (channels) => {
    const start = () => {
      const network = new Sequential(new Linear(6, channels), ...model(channels).layers, new Linear(channels, 3));
      initialize(network, gaussian(0.5), { seed: 8 });
      return network;
    };
    const x = gaussianTensor(7, [24, 6]);
    const labels = Int32Array.from({ length: 24 }, (_, i) => i % 3);
    // Frozen in the middle: then a plan has run in the other way before.
    const steps = (watched: boolean) => {
      const network = start();
      const trainer = openTrainer(network, { build, optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
      if (watched) for (const relu of everyRelu(network)) trainer.watch(relu, () => {});
      const norms = [...network.modules()].filter((layer) => layer instanceof BatchNorm);
      const losses = Array.from({ length: 20 }, (_, i) => {
        if (i === 12) for (const norm of norms) norm.freeze();
        if (i === 16) for (const norm of norms) norm.unfreeze();
        return trainer.step(x, labels).loss;
      });
      return { losses, top: trainer.engine.memory.top, bits: stateBits(network) };
    };
    const [fused, apart] = [steps(false), steps(true)];
    expect(fused.losses[19]).toBeLessThan(fused.losses[0]);
    expect(fused.losses).toEqual(apart.losses);
    expect(fused.bits).toBe(apart.bits);
    expect(fused.top).toBeLessThan(apart.top);
  });
});
