/**
 * A ReLU that a Sequential fuses with the batch norm or the sum before it gives the bits of one that stands for itself,
 * as it does where somebody watches it.
 */
import {
  add,
  BatchNorm,
  type BatchNormOptions,
  type Device,
  gaussian,
  initialize,
  type Layer,
  Linear,
  Module,
  ReLU,
  Residual,
  Sequential,
  SGD,
  type Tensor,
  type Value,
  WasmDevice,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { Bound } from "#dist/plan/bound.js";
import { builds } from "../support/builds.ts";
import { normals } from "../support/data.ts";
import { devices } from "../support/devices.ts";
import { floats, Kept } from "../support/homes.ts";
import { expectNear, expectSame, gaussianTensor, setAffine } from "../support/layers.ts";
import { asTrained } from "../support/trained.ts";
import { openTrainer, stateBits } from "../support/training.ts";

/** Both kinds of fused ReLU; the sum's has something to do, for its terms are of both signs. */
function model(channels: number, options: BatchNormOptions = {}): Sequential {
  const [first, inner, last] = [1, 2, 3].map(() => new BatchNorm(channels, options));
  const block = new Residual(new Sequential(inner, new ReLU(), last));
  return asTrained(new Sequential(first, new ReLU(), block, new ReLU()));
}

/** The same in one, with the same ReLU at each of its places. */
class Block extends Module {
  readonly bn1: BatchNorm;
  readonly bn2: BatchNorm;
  readonly bn3: BatchNorm;
  readonly relu = new ReLU();

  constructor(channels: number) {
    super();
    this.bn1 = new BatchNorm(channels);
    this.bn2 = new BatchNorm(channels);
    this.bn3 = new BatchNorm(channels);
  }

  override compose(x: Value): Value {
    const first = this.relu.of(this.bn1.of(x));
    const main = this.bn3.of(this.relu.of(this.bn2.of(first)));
    return this.relu.of(add(main, first));
  }
}

const everyRelu = (layer: Layer) => [...layer.modules()].filter((each) => each instanceof ReLU);

interface Run {
  y: Float32Array;
  dx: Float32Array;
  gradients: Float32Array[];
  /** What the plan took. */
  bytes: number;
  commands: number;
}

/** Forward, and backward where gradients are wanted, with every ReLU fused or with none. */
async function run(layer: Layer, x: Tensor, device: Device, fused: boolean, backward = true): Promise<Run> {
  const homes = new Kept(device, layer);
  const wish = { gradients: backward ? "all" : "none", evaluate: false, convolution: "fast", constant: false } as const;
  const watched = new Set(fused ? [] : everyRelu(layer));
  const bound = new Bound(layer, x.shape, { device, wish, homes, listeners: { watched } });
  const { input, output } = bound;
  const dy = backward ? bound.outputGradient() : null;
  const dx = backward ? bound.bindBackward() : null;
  device.write(input.at.region, 0, x.data);
  bound.prepare();
  await bound.runner(bound.forward).run();
  const y = await floats(device, output.at, output.size);
  if (dy) device.write(dy.region, 0, normals(3, output.size));
  await bound.runner(bound.backward).run();
  const result = {
    y,
    dx: dx ? await floats(device, dx, input.size) : new Float32Array(),
    gradients: await homes.gradients(),
    bytes: bound.arena.bytes,
    commands: bound.forward.length + bound.backward.length,
  };
  bound.release();
  homes.free();
  return result;
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

describe.each(builds)("on %s", (build) => {
  const device = devices[build]();

  describe.each(modes)("%s", (_, prepare) => {
    it.each(shapes.map((shape) => [shape]))("gives the bits of a ReLU by itself for %o", async (shape) => {
      const x = gaussianTensor(4, shape);
      const make = (options: BatchNormOptions) => {
        const layer = model(shape[shape.length - 1], options);
        prepare(layer);
        return layer;
      };
      for (const options of [{}, { scale: false }, { center: false }]) {
        expectSameRun(await run(make(options), x, device, true), await run(make(options), x, device, false));
      }
      const [fused, apart] = [await run(make({}), x, device, true), await run(make({}), x, device, false)];
      expect(fused.bytes).toBeLessThan(apart.bytes);
      expect(fused.commands).toBeLessThan(apart.commands);
      const forward = async (fused: boolean) => (await run(make({}), x, device, fused, false)).y;
      expectSame(await forward(true), await forward(false));
    });

    it("is what the reference gives with a ReLU by itself", async () => {
      for (const shape of [
        [50, 3],
        [3, 7, 5, 33],
      ]) {
        const x = gaussianTensor(5, shape);
        const layer = model(shape[shape.length - 1]);
        prepare(layer);
        const want = await run(layer, x, devices.reference(), false);
        const got = await run(layer, x, device, true);
        expectNear(got.y, want.y, 2e-6, "y");
        expectNear(got.dx, want.dx, 1e-5, "dx");
        for (const [i, gradient] of got.gradients.entries()) expectNear(gradient, want.gradients[i], 1e-5);
      }
    });
  });

  it("is fused in modules of one's own as in a Sequential", async () => {
    const channels = 5;
    const x = gaussianTensor(8, [30, channels]);
    const [own, given] = [new Block(channels), model(channels)];
    own.loadStateDict(
      Object.fromEntries(
        Object.entries(given.stateDict()).map(([name, entry]) => {
          return [name.replace(/^0/, "bn1").replace("2.main.0", "bn2").replace("2.main.2", "bn3"), entry];
        }),
      ),
    );
    const [got, want] = [await run(own, x, device, true), await run(given, x, device, true)];
    expectSameRun(got, want);
    expect(got.commands).toBe(want.commands);
    expect((await run(own, x, device, false)).commands).toBeGreaterThan(got.commands);
  });

  it("leaves alone a batch norm over another axis, and is right there too", async () => {
    const bn = new BatchNorm(4, { axis: 1 });
    setAffine(bn);
    const layer = new Sequential(bn, new ReLU());
    const x = gaussianTensor(6, [3, 4, 5, 4]);
    const [fused, apart] = [await run(layer, x, device, true), await run(layer, x, device, false)];
    expectSameRun(fused, apart);
    expect(fused.commands).toBe(apart.commands);
    expectNear(fused.y, (await run(layer, x, devices.reference(), false)).y, 2e-6);
  });

  it.each([1, 3, 4, 33])("trains %i channels to the same bits", async (channels) => {
    const start = () => {
      const network = new Sequential(new Linear(6, channels), ...model(channels).layers, new Linear(channels, 3));
      initialize(network, gaussian(0.5), { seed: 8 });
      return network;
    };
    const x = gaussianTensor(7, [24, 6]);
    const labels = Int32Array.from({ length: 24 }, (_, i) => i % 3);
    // Frozen in the middle: then a plan has run in the other way before.
    const steps = async (watched: boolean) => {
      const network = start();
      const own = new WasmDevice({ build });
      const trainer = openTrainer(network, { device: own, optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
      if (watched) for (const relu of everyRelu(network)) trainer.watch(relu, () => {});
      const norms = [...network.modules()].filter((layer) => layer instanceof BatchNorm);
      const losses: number[] = [];
      for (let i = 0; i < 20; i++) {
        if (i === 12) for (const norm of norms) norm.freeze();
        if (i === 16) for (const norm of norms) norm.unfreeze();
        losses.push((await trainer.step(x, labels)).loss);
      }
      return { losses, top: own.memory.top, bits: stateBits(network) };
    };
    const [fused, apart] = [await steps(false), await steps(true)];
    expect(fused.losses[19]).toBeLessThan(fused.losses[0]);
    expect(fused.losses).toEqual(apart.losses);
    expect(fused.bits).toBe(apart.bits);
    expect(fused.top).toBeLessThan(apart.top);
  });
});
