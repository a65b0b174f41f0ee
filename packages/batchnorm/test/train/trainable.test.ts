/** Parameters that are frozen and unfrozen while a trainer holds them: from the next step on, and at no cost. */
import {
  Adam,
  type Device,
  Linear,
  type Optimizer,
  type Parameter,
  randn,
  Sequential,
  SGD,
  Tanh,
  type Trainer,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { RecordingCpu } from "../support/recordingcpu.ts";
import { rejects } from "../support/refusal.ts";
import { openTrainer, smallDataset, smallNetwork, stateBits, trainedBits } from "../support/training.ts";

const batch = (seed: number) => randn([12, 6], { seed });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

/** Which parameters are trained at which steps: all, the head, the body without its first layer, all again. */
const phases: ((index: number, count: number) => boolean)[] = [
  () => true,
  (i, n) => i >= n - 2,
  (i, n) => i > 0 && i < n - 2,
  () => true,
];

function choose(parameters: readonly Parameter[], phase: number): void {
  for (const [i, parameter] of parameters.entries()) parameter.trainable = phases[phase](i, parameters.length);
}

/** Float64 copies of parameters, moved as SGD with momentum moves those that are trained: others keep their velocity. */
function follower(parameters: readonly Parameter[], lr: number, momentum: number) {
  const own = parameters.map((p) => ({ p, w: Float64Array.from(p.data), v: new Float64Array(p.size) }));
  return {
    move() {
      for (const { p, w, v } of own) {
        if (!p.trainable) continue;
        for (let i = 0; i < w.length; i++) {
          v[i] = momentum * v[i] + p.grad!.data[i];
          w[i] -= lr * v[i];
        }
      }
    },
    get worst() {
      return Math.max(...own.map(({ p, w }) => largestDifference(p.data, w)));
    },
  };
}

onEveryDevice(({ device }) => {
  describe("a parameter that Adam begins to train late", () => {
    const LR = 0.01;
    const LATE = 12;
    async function frozenFirst(steps: number) {
      const model = smallNetwork();
      const [late] = model.parameters();
      const trainer = openTrainer(model, { device, optimizer: new Adam({ lr: LR }) });
      late.trainable = false;
      for (let i = 0; i < steps; i++) await trainer.step(batch(i), labels);
      late.trainable = true;
      return { trainer, late };
    }

    it("starts with steps of the learning rate, as all others did", async () => {
      const { trainer, late } = await frozenFirst(LATE);
      await trainer.synchronize();
      const before = late.data.slice();
      await trainer.step(batch(LATE), labels);
      await trainer.synchronize();
      expect(largestDifference(late.data, before)).toBeLessThan(1.01 * LR);
      expect(largestDifference(late.data, before)).toBeGreaterThan(0.9 * LR);
    });

    it("goes on as it would have after a checkpoint", async () => {
      const [one, other] = [await frozenFirst(LATE), await frozenFirst(0)];
      for (let i = 0; i < 3; i++) await one.trainer.step(batch(i), labels);
      await other.trainer.resume(await one.trainer.save());
      for (const { trainer } of [one, other]) await trainer.step(batch(7), labels);
      expect(await trainedBits(other.trainer)).toBe(await trainedBits(one.trainer));
    });
  });

  it("trains at each step what is trainable then, as a trainer made for it would", async () => {
    const optimizer = () => new SGD({ lr: 0.1, weightDecay: 0.01 });
    const held = openTrainer(smallNetwork(), { device, optimizer: optimizer() });
    const other = smallNetwork();
    for (const phase of phases.keys()) {
      choose(held.model.parameters(), phase);
      choose(other.parameters(), phase);
      const before = other.parameters().map((p) => p.data.slice());
      const made = openTrainer(other, { device, optimizer: optimizer() });
      for (let i = 0; i < 3; i++) {
        const x = batch(10 * phase + i);
        expect(await held.step(x, labels)).toEqual(await made.step(x, labels));
      }
      await made.close();
      expect(await trainedBits(held)).toBe(stateBits(other));
      for (const [i, p] of other.parameters().entries()) {
        expect(largestDifference(p.data, before[i]) > 0, `phase ${phase}, parameter ${i}`).toBe(p.trainable);
      }
    }
  });

  it("does so in fit too, from within its loop", async () => {
    const data = smallDataset();
    const trainer = openTrainer(smallNetwork(), { device });
    const [first] = trainer.model.parameters();
    const seen: string[] = [];
    for await (const { step } of trainer.iterate(data, { steps: 8, batchSize: 8, every: 2 })) {
      await trainer.synchronize();
      seen.push(first.data.join());
      first.trainable = step === 4;
    }
    // Frozen after steps 2 and 6, trained on after step 4.
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).not.toBe(seen[1]);
    expect(seen[3]).toBe(seen[2]);
  });

  it("keeps the momentum of what is frozen in between", async () => {
    const model = new Sequential(new Linear(6, 8), new Tanh(), new Linear(8, 8), new Tanh(), new Linear(8, 3));
    const trainer = openTrainer(model, { device, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    const parameters = model.parameters();
    const own = follower(parameters, 0.1, 0.9);
    for (const phase of [...phases.keys(), ...phases.keys()]) {
      choose(parameters, phase);
      for (let i = 0; i < 2; i++) {
        await trainer.step(batch(10 * phase + i), labels);
        await trainer.synchronize();
        own.move();
        expect(own.worst).toBeLessThan(1e-6);
      }
    }
  });

  it("keeps what Adam remembers: frozen in between, a parameter goes on from there", async () => {
    const adam = (): Optimizer => new Adam({ lr: 0.01 });
    const [paused, fresh] = [true, false].map(() => openTrainer(smallNetwork(), { device, optimizer: adam() }));
    // Both take the same three steps; one has another parameter frozen and unfrozen, whose gradients are the same.
    for (let i = 0; i < 3; i++) {
      expect(await paused.step(batch(i), labels)).toEqual(await fresh.step(batch(i), labels));
      const [first] = paused.model.parameters();
      first.trainable = false;
      await paused.save();
      first.trainable = true;
    }
    expect(await paused.save()).toEqual(await fresh.save());
  });

  it("resumes a checkpoint of a time when other parameters were trained as soon as they are again", async () => {
    const [first, second] = [1, 2].map(() =>
      openTrainer(smallNetwork(), { device, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) }),
    );
    choose(first.model.parameters(), 1);
    await first.step(batch(1), labels);
    const saved = await first.save();
    await rejects(() => second.resume(saved), "E_DICT", "on the same trainable parameters");
    choose(second.model.parameters(), 1);
    await second.resume(saved);
    for (const trainer of [first, second]) {
      choose(trainer.model.parameters(), 3);
      await trainer.step(batch(2), labels);
    }
    expect(await second.save()).toEqual(await first.save());
  });
});

describe("a parameter that is in none of the optimizer's groups", () => {
  const open = () => {
    const model = smallNetwork();
    const parameters = model.parameters();
    choose(parameters, 1);
    const groups = [{ parameters: parameters.slice(-2) }];
    const device = new RecordingCpu();
    const trainer = openTrainer(model, { device, optimizer: new SGD({ lr: 0.1, momentum: 0.9, groups }) });
    return { device, parameters, trainer };
  };

  it("may be frozen; where it is to be trained all the same, that is refused in words and costs nothing", async () => {
    const { device, parameters, trainer } = open();
    await trainer.step(batch(1), labels);
    const before = await trainer.save();
    const { bytes } = device;
    parameters[3].trainable = true;
    for (let i = 0; i < 3; i++) {
      const words = [
        "[Trainer] expected every trainable parameter in one of the optimizer's groups",
        "4.weight of shape [8, 8] is in none",
      ];
      await rejects(() => trainer.step(batch(2), labels), "E_VALUE", ...words);
      await rejects(() => trainer.fit(smallDataset(), { steps: 1, batchSize: 8 }), "E_VALUE", ...words);
      await rejects(() => trainer.save(), "E_VALUE", ...words);
    }
    parameters[3].trainable = false;
    expect(trainer.stepCount).toBe(1);
    expect(await trainer.save()).toEqual(before);
    await trainer.step(batch(2), labels);
    expect(device.bytes).toBe(bytes);
  });
});

describe("what is frozen", () => {
  const body = (trainer: Trainer) => trainer.model.parameters().slice(0, -2);
  const open = (device?: Device) =>
    openTrainer(smallNetwork({ width: 64 }), {
      ...(device && { device }),
      optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
    });

  it("has no gradient", async () => {
    const trainer = open();
    await trainer.step(batch(1), labels);
    const parameters = trainer.model.parameters();
    expect(parameters.every(({ grad }) => grad?.data.some((value) => value !== 0))).toBe(true);
    for (const parameter of body(trainer)) parameter.trainable = false;
    await trainer.step(batch(2), labels);
    expect(parameters.map(({ grad }) => grad !== null)).toEqual(parameters.map(({ trainable }) => trainable));
    for (const parameter of body(trainer)) parameter.trainable = true;
    await trainer.step(batch(3), labels);
    expect(parameters.every(({ grad }) => grad?.data.some((value) => value !== 0))).toBe(true);
  });

  it("takes no memory for one", async () => {
    const device = new RecordingCpu();
    const used = async (frozen: boolean) => {
      const trainer = openTrainer(new Sequential(new Linear(600, 400), new Tanh(), new Linear(400, 3)), { device });
      if (frozen) trainer.model.children()[0][1].parameters()[0].trainable = false;
      await trainer.step(randn([2, 600], { seed: 1 }), [0, 1]);
      const { bytes } = device;
      await trainer.close();
      expect(device.bytes).toBe(0);
      return bytes;
    };
    const [all, some] = [await used(false), await used(true)];
    expect(all - some).toBe(4 * 600 * 400);
  });

  it("is not computed backwards: with the head alone trainable there are no gradients but its own", async () => {
    const device = new RecordingCpu();
    const trainer = open(device);
    const forward = ["gemm", "momentsRows", "batchCoefficients", "affineRows", "trackStatistics", "sigmoid", "dropout"];
    forward.push("gemm", "momentsRows", "batchCoefficients", "affineRows", "trackStatistics", "gemm");
    const loss = ["softmaxCrossEntropy", "tally"];
    const step = async () => {
      await trainer.step(batch(1), labels);
      device.forget();
      await trainer.step(batch(2), labels);
      return [...device.ran];
    };
    const whole = await step();
    for (const parameter of body(trainer)) parameter.trainable = false;
    // Weight and bias of the last layer, and their step.
    expect(await step()).toEqual([...forward, ...loss, "gemm", "sumRows", "sgd"]);
    for (const parameter of body(trainer).slice(1)) parameter.trainable = true;
    // Without the very first weight: nothing of what its batch norm gives it, and not the product.
    const last = ["gradCoefficients", "gradInputRows", "gemm", "sgd"];
    expect(whole.slice(-4)).toEqual(last);
    // The body has taken fewer steps than the head: each is moved apart.
    expect(await step()).toEqual([...whole.slice(0, -4), "sgd", "sgd"]);
    expect(whole.slice(0, forward.length + loss.length)).toEqual([...forward, ...loss]);
  });

  it("is passed through where something below it trains", async () => {
    const [some, all] = [open(), open()];
    for (const parameter of some.model.parameters().slice(1)) parameter.trainable = false;
    for (const trainer of [some, all]) await trainer.step(batch(1), labels);
    const [first, ...rest] = some.model.parameters();
    expect(first.grad?.data).toEqual(all.model.parameters()[0].grad?.data);
    expect(rest.every(({ grad }) => grad === null)).toBe(true);
  });

  it("may be everything: a step then measures, and moves nothing but running statistics", async () => {
    const device = new RecordingCpu();
    const trainer = open(device);
    for (const parameter of trainer.model.parameters()) parameter.trainable = false;
    const before = trainer.model.stateDict();
    const { loss } = await trainer.step(batch(1), labels);
    expect(loss).toBe((await open(new RecordingCpu()).step(batch(1), labels)).loss);
    const after = trainer.model.stateDict();
    const moved = Object.keys(before).filter((name) => largestDifference(before[name].data, after[name].data) > 0);
    expect(moved.every((name) => /running|num_batches/.test(name))).toBe(true);
    expect(device.ran).not.toContain("sgd");
  });
});
