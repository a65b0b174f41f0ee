/** Every optimizer against its formula in float64, given the gradients that the device computed. */
import {
  Adam,
  type Device,
  exponentialDecay,
  initialize,
  Linear,
  type Optimizer,
  type Parameter,
  randn,
  Sequential,
  SGD,
  Tanh,
  xavier,
} from "batchnorm";
import { expect, it } from "vitest";
import { largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { openTrainer } from "../support/training.ts";

/** Moves w by the gradient g: at step t, from 0, with the learning rate of that step. */
type Rule = (w: Float64Array, g: Float64Array, lr: number, t: number) => void;

function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }): Rule {
  let v: Float64Array | undefined;
  return (w, g, lr) => {
    v ??= new Float64Array(w.length);
    for (let i = 0; i < w.length; i++) {
      const d = g[i] + weightDecay * w[i];
      v[i] = momentum * v[i] + d;
      w[i] -= lr * (nesterov ? d + momentum * v[i] : v[i]);
    }
  };
}

function adam({ beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, decoupled = false }): Rule {
  let m: Float64Array | undefined;
  let v: Float64Array | undefined;
  return (w, g, lr, t) => {
    m ??= new Float64Array(w.length);
    v ??= new Float64Array(w.length);
    for (let i = 0; i < w.length; i++) {
      const d = decoupled ? g[i] : g[i] + weightDecay * w[i];
      m[i] = beta1 * m[i] + (1 - beta1) * d;
      v[i] = beta2 * v[i] + (1 - beta2) * d * d;
      const mHat = m[i] / (1 - beta1 ** (t + 1));
      const vHat = v[i] / (1 - beta2 ** (t + 1));
      if (decoupled) w[i] -= lr * weightDecay * w[i];
      w[i] -= (lr * mHat) / (Math.sqrt(vHat) + eps);
    }
  };
}

const cases: [name: string, optimizer: () => Optimizer, rule: () => Rule][] = [
  ["SGD", () => new SGD({ lr: 0.1 }), () => sgd({})],
  ["SGD with weight decay", () => new SGD({ lr: 0.1, weightDecay: 0.3 }), () => sgd({ weightDecay: 0.3 })],
  [
    "SGD with momentum and weight decay",
    () => new SGD({ lr: 0.1, momentum: 0.8, weightDecay: 0.3 }),
    () => sgd({ momentum: 0.8, weightDecay: 0.3 }),
  ],
  [
    "SGD with Nesterov's momentum and weight decay",
    () => new SGD({ lr: 0.1, momentum: 0.8, nesterov: true, weightDecay: 0.3 }),
    () => sgd({ momentum: 0.8, nesterov: true, weightDecay: 0.3 }),
  ],
  ["Adam", () => new Adam({ lr: 0.01 }), () => adam({})],
  [
    "Adam with other betas and eps",
    () => new Adam({ lr: 0.01, beta1: 0.5, beta2: 0.9, eps: 0.1 }),
    () => adam({ beta1: 0.5, beta2: 0.9, eps: 0.1 }),
  ],
  ["Adam with weight decay", () => new Adam({ lr: 0.01, weightDecay: 0.3 }), () => adam({ weightDecay: 0.3 })],
  [
    "AdamW",
    () => new Adam({ lr: 0.01, weightDecay: 0.3, decoupled: true }),
    () => adam({ weightDecay: 0.3, decoupled: true }),
  ],
];

const schedule = exponentialDecay({ every: 10, factor: 0.5 });

/** The largest distance between the device's weights and the rule's over some steps. */
async function follow(device: Device, optimizer: Optimizer, rule: () => Rule): Promise<number> {
  const model = new Sequential(new Linear(5, 7), new Tanh(), new Linear(7, 3));
  initialize(model, xavier(), { seed: 1 });
  const trainer = openTrainer(model, { optimizer, schedule, device });
  const rows = 9;
  const own = new Map<Parameter, [Float64Array, Rule]>();
  for (const p of model.parameters()) own.set(p, [Float64Array.from(p.data), rule()]);
  let worst = 0;
  for (let t = 0; t < 12; t++) {
    await trainer.step(randn([rows, 5], { seed: t }), new Int32Array(rows).fill(t % 3));
    await trainer.synchronize();
    for (const [p, [weights, move]] of own) {
      move(weights, Float64Array.from(p.grad!.data), optimizer.lr * 0.5 ** (t / 10), t);
      worst = Math.max(worst, largestDifference(p.data, weights));
    }
  }
  return worst;
}

onEveryDevice(({ device }) => {
  // Twelve steps, each rounded to float32 near 1.
  it.each(cases)("%s moves weights as its formula says", async (_name, optimizer, rule) => {
    expect(await follow(device, optimizer(), rule)).toBeLessThan(3e-7);
  });
});
