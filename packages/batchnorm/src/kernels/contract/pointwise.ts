/** Activations, Dropout and optimizers: a value at a time. */
import type { Family } from "./row.ts";

const activation = {
  struct: "Activation",
  args: { x: "f32* [count]", y: "f32* [count]", count: "i32", perTask: "i32: a multiple of 4" },
  writes: { y: (most: number) => 4e-7 * most + 1e-38 },
  bytes: ({ count }: Readonly<Record<string, number>>) => 8 * count,
} as const;

const activationGrad = {
  struct: "ActivationGrad",
  args: {
    y: "f32* [count]: what the activation gave",
    dy: "f32* [count]",
    dx: "f32* [count]",
    count: "i32",
    perTask: "i32: a multiple of 4",
  },
  writes: { dx: (most: number) => 4e-7 * Math.max(1, most) },
  bytes: ({ count }: Readonly<Record<string, number>>) => 12 * count,
} as const;

export const pointwise = {
  sigmoid: activation,
  sigmoidGrad: activationGrad,
  tanh: activation,
  tanhGrad: activationGrad,
  relu: activation,
  reluGrad: activationGrad,
  dropout: {
    struct: "Dropout",
    args: {
      x: "f32* [count]",
      y: "f32* [count]",
      count: "i32",
      perTask: "i32: a multiple of 4",
      key: "i32* [1]: which mask",
      first: "i32* [1]: index of the first value",
      limit: "u32: dropped where the hash of the index is below it: p·2³²",
      scale: "f32: 1 / (1 − p)",
    },
    writes: { y: (most) => 1e-7 * most },
    bytes: ({ count }) => 8 * count,
  },
  sgd: {
    struct: "Sgd",
    args: {
      weight: "f32* [count]",
      grad: "f32* [count]",
      velocity: "f32* [count], or 0 without momentum",
      count: "i32: a multiple of 16",
      perTask: "i32: a multiple of 4",
      lr: "f32* [1]",
      momentum: "f32",
      weightDecay: "f32",
      nesterov: "i32: 1 or 0",
    },
    writes: { weight: (most) => 4e-7 * most, velocity: (most) => 4e-7 * most },
  },
  adam: {
    struct: "Adam",
    args: {
      weight: "f32* [count]",
      grad: "f32* [count]",
      m: "f32* [count]",
      v: "f32* [count]",
      count: "i32: a multiple of 16",
      perTask: "i32: a multiple of 4",
      step: "f32* [1]: lr / (1 − beta1ᵗ)",
      beta1: "f32",
      beta2: "f32",
      correction: "f32* [1]: 1 / √(1 − beta2ᵗ)",
      eps: "f32",
      weightDecay: "f32: added to the gradient",
      shrink: "f32* [1]: 1 − lr·decay, of AdamW; 1 for none",
    },
    writes: { weight: (most) => 1e-6 * most, m: (most) => 4e-7 * most, v: (most) => 4e-7 * most },
    bytes: ({ count }) => 28 * count,
  },
} as const satisfies Family;
