/** What is used twice within a model trains as two of it would whose gradients are added by hand. */
import {
  BatchNorm,
  Linear,
  Module,
  type Parameter,
  ReLU,
  randn,
  Sequential,
  SGD,
  Tanh,
  type Tensor,
  type Trainer,
  type Value,
} from "batchnorm";
import { expect, it } from "vitest";
import { largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, expectSame } from "../support/layers.ts";
import { openTrainer, trainedBits } from "../support/training.ts";

const batch = (seed: number) => randn([12, 6], { seed, mean: 0.5 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

/** Two layers and two batch norms in a row, which may be the same. */
class Row extends Module {
  readonly first = new Linear(6, 6);
  readonly second: Linear;
  readonly norm = new BatchNorm(6);
  readonly after: BatchNorm;
  readonly relu = new ReLU();
  readonly head = new Linear(6, 3);

  constructor(shared: boolean) {
    super();
    this.second = shared ? this.first : new Linear(6, 6);
    this.after = shared ? this.norm : new BatchNorm(6);
  }

  override compose(x: Value): Value {
    const once = this.relu.of(this.norm.of(this.first.of(x)));
    return this.head.of(this.relu.of(this.after.of(this.second.of(once))));
  }
}

/** Two linear layers with a function between them. */
function stack(tie: (first: Linear, second: Linear) => Linear): { model: Sequential; first: Linear; second: Linear } {
  const first = new Linear(6, 6);
  const second = tie(first, new Linear(6, 6));
  return { model: new Sequential(first, new Tanh(), second, new Tanh(), new Linear(6, 3)), first, second };
}

/** A model with something used twice, one where there are two of it, and which parameters of the two belong to which. */
interface Pair {
  tied: Row | Sequential;
  apart: Row | Sequential;
  of: [tied: Parameter, apart: Parameter[]][];
}

const parametersOf = (layer: Linear | BatchNorm) => [layer.weight, layer.bias] as [Parameter, Parameter];

const pairs: Record<string, () => Pair> = {
  "layers that are used twice": () => {
    const [tied, apart] = [new Row(true), new Row(false)];
    const twice = [
      ...parametersOf(tied.first).map((p, i): [Parameter, Parameter[]] => [
        p,
        [parametersOf(apart.first)[i], parametersOf(apart.second)[i]],
      ]),
      ...parametersOf(tied.norm).map((p, i): [Parameter, Parameter[]] => [
        p,
        [parametersOf(apart.norm)[i], parametersOf(apart.after)[i]],
      ]),
    ];
    const once = parametersOf(tied.head).map((p, i): [Parameter, Parameter[]] => [p, [parametersOf(apart.head)[i]]]);
    return { tied, apart, of: [...twice, ...once] };
  },
  "a layer that is in a row twice": () => {
    const [tied, apart] = [stack((first) => first), stack((_, second) => second)];
    const of = parametersOf(tied.first).map((p, i): [Parameter, Parameter[]] => [
      p,
      [parametersOf(apart.first)[i], parametersOf(apart.second)[i]],
    ]);
    return { tied: tied.model, apart: apart.model, of };
  },
  "a parameter that two layers have": () => {
    const tie = (first: Linear, second: Linear) => Object.assign(second, { weight: first.weight });
    const [tied, apart] = [stack(tie), stack((_, second) => second)];
    return {
      tied: tied.model,
      apart: apart.model,
      of: [
        [tied.first.weight, [apart.first.weight, apart.second.weight]],
        [tied.first.bias as Parameter, [apart.first.bias as Parameter]],
        [tied.second.bias as Parameter, [apart.second.bias as Parameter]],
      ],
    };
  },
};

onEveryDevice(({ device }) => {
  it.each(Object.keys(pairs))("%s", async (name) => {
    const { tied, apart, of } = pairs[name]();
    // Those of which there is one in either model, in the same order.
    const listed = new Set(of.flatMap(([p, others]) => [p, ...others]));
    const rest = apart.parameters().filter((p) => !listed.has(p));
    const own = tied.parameters().filter((p) => !listed.has(p));
    const all = [...of, ...own.map((p, i): [Parameter, Parameter[]] => [p, [rest[i]]])];
    expect(all).toHaveLength(tied.parameters().length);

    const optimizer = new SGD({ lr: 0.2, momentum: 0.9 });
    const trainer = openTrainer(tied, { device, optimizer });
    const other = openTrainer(apart, { device, optimizer: new SGD({ lr: 0 }) });
    const own64 = all.map(([p]) => ({ p, w: Float64Array.from(p.data), v: new Float64Array(p.size) }));
    for (let step = 0; step < 5; step++) {
      // The other's weights are those of the first, both times.
      await other.synchronize();
      for (const [p, others] of all) for (const each of others) each.resident.write(p.data);
      const result = await trainer.step(batch(step), labels);
      expect(await other.step(batch(step), labels)).toEqual(result);
      for (const each of [trainer, other]) await each.synchronize();
      for (const [p, others] of all) {
        const [a, b] = others.map(({ grad }) => (grad as Tensor).data);
        expectSame((p.grad as Tensor).data, b ? a.map((value, i) => value + b[i]) : a);
      }
      for (const { p, w, v } of own64) {
        for (let i = 0; i < w.length; i++) {
          v[i] = 0.9 * v[i] + (p.grad as Tensor).data[i];
          w[i] -= 0.2 * v[i];
        }
        expect(largestDifference(p.data, w)).toBeLessThan(1e-6);
      }
    }
  });

  it("a batch norm that is used twice moves its running statistics at each use, in that order", async () => {
    const [tied, apart] = [new Row(true), new Row(false)];
    for (const [to, from] of [
      [apart.first, tied.first],
      [apart.second, tied.first],
      [apart.head, tied.head],
    ]) {
      to.loadStateDict(from.stateDict());
    }
    const trainers = [tied, apart].map((model) => openTrainer(model, { device }));
    for (const trainer of trainers) {
      await trainer.step(batch(1), labels);
      await trainer.synchronize();
    }
    expect(tied.norm.numBatchesTracked).toBe(2);
    // From 0 and 1: a tenth of the batch's, and nine tenths of what was there.
    const twice = (first: ArrayLike<number>, second: ArrayLike<number>, start: number) =>
      Array.from(first, (value, i) => 0.9 * value + (second[i] - 0.9 * start));
    const { runningMean, runningVar } = tied.norm;
    const [one, two] = [apart.norm, apart.after];
    expectNear(runningMean!.data, twice(one.runningMean!.data, two.runningMean!.data, 0), 1e-6);
    expectNear(runningVar!.data, twice(one.runningVar!.data, two.runningVar!.data, 1), 1e-6);
  });

  it("is saved once and resumed", async () => {
    const open = () => openTrainer(new Row(true), { device, optimizer: new SGD({ lr: 0.2, momentum: 0.9 }) });
    const [first, second] = [open(), open()];
    await first.step(batch(1), labels);
    await second.resume(await first.save());
    const losses = async (trainer: Trainer) => {
      const { loss } = await trainer.step(batch(2), labels);
      return [loss, (await trainer.step(batch(3), labels)).loss];
    };
    expect(await losses(second)).toEqual(await losses(first));
    expect(await trainedBits(second)).toBe(await trainedBits(first));
  });
});
