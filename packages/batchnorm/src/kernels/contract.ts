/**
 * Every kernel: its name, its arguments in the order of the struct that assembly/ declares.
 *
 * A kernel is called as (address of its arguments, task); every argument takes four bytes. The wasm builds, the
 * reference and the tests all read this table, so a kernel that is missing from one of them, or whose
 * arguments differ, fails a test.
 */

import { imageContract } from "./imagecontract.ts";

/** Pointers name what they point at; the others are plain numbers. */
export type ArgumentType = "f32*" | "f64*" | "i32*" | "u8*" | "i32" | "u32" | "f32";

/** The arguments of a call, by name: addresses (in bytes) and numbers. */
export type Arguments<K extends KernelName> = { [A in keyof (typeof contract)[K]]: number };

const activation = { x: "f32*", y: "f32*", count: "i32", perTask: "i32" } as const;
const activationGrad = { y: "f32*", dy: "f32*", dx: "f32*", count: "i32", perTask: "i32" } as const;

export const contract = {
  momentsRows: { x: "f32*", rows: "i32", channels: "i32", rowsPerTask: "i32", mean: "f64*", m2: "f64*" },
  momentsPlanes: {
    x: "f32*",
    outer: "i32",
    channels: "i32",
    inner: "i32",
    channelsPerTask: "i32",
    mean: "f64*",
    m2: "f64*",
  },
  affineRows: {
    x: "f32*",
    y: "f32*",
    rows: "i32",
    channels: "i32",
    rowsPerTask: "i32",
    center: "f32*",
    scale: "f32*",
    shift: "f32*",
    floor: "f32",
  },
  affinePlanes: {
    x: "f32*",
    y: "f32*",
    outer: "i32",
    channels: "i32",
    inner: "i32",
    planesPerTask: "i32",
    center: "f32*",
    scale: "f32*",
    shift: "f32*",
  },
  gradSumsRows: {
    x: "f32*",
    dy: "f32*",
    rows: "i32",
    channels: "i32",
    rowsPerTask: "i32",
    center: "f32*",
    sumDy: "f64*",
    sumDyX: "f64*",
    scale: "f32*",
    shift: "f32*",
  },
  gradSumsPlanes: {
    x: "f32*",
    dy: "f32*",
    outer: "i32",
    channels: "i32",
    inner: "i32",
    channelsPerTask: "i32",
    center: "f32*",
    sumDy: "f64*",
    sumDyX: "f64*",
  },
  gradInputRows: {
    x: "f32*",
    dy: "f32*",
    dx: "f32*",
    rows: "i32",
    channels: "i32",
    rowsPerTask: "i32",
    center: "f32*",
    a: "f32*",
    b: "f32*",
    c: "f32*",
    scale: "f32*",
    shift: "f32*",
  },
  gradInputPlanes: {
    x: "f32*",
    dy: "f32*",
    dx: "f32*",
    outer: "i32",
    channels: "i32",
    inner: "i32",
    planesPerTask: "i32",
    center: "f32*",
    a: "f32*",
    b: "f32*",
    c: "f32*",
  },
  gemm: {
    a: "f32*",
    b: "f32*",
    c: "f32*",
    bias: "f32*",
    m: "i32",
    n: "i32",
    k: "i32",
    transposeA: "i32",
    transposeB: "i32",
    panelsPerTask: "i32",
  },
  ...imageContract,
  addition: { a: "f32*", b: "f32*", sum: "f32*", floor: "f32", count: "i32", perTask: "i32" },
  additionGrad: { y: "f32*", dy: "f32*", copy: "f32*", count: "i32", perTask: "i32" },
  copyColumns: {
    from: "f32*",
    to: "f32*",
    rows: "i32",
    columns: "i32",
    fromWidth: "i32",
    toWidth: "i32",
    rowsPerTask: "i32",
  },
  sumRows: { x: "f32*", rows: "i32", channels: "i32", channelsPerTask: "i32", sum: "f32*" },
  sigmoid: activation,
  sigmoidGrad: activationGrad,
  tanh: activation,
  tanhGrad: activationGrad,
  relu: activation,
  reluGrad: activationGrad,
  dropout: {
    x: "f32*",
    y: "f32*",
    count: "i32",
    perTask: "i32",
    key: "i32",
    first: "i32",
    limit: "u32",
    scale: "f32",
  },
  softmaxCrossEntropy: {
    logits: "f32*",
    labels: "i32*",
    grad: "f32*",
    loss: "f64*",
    correct: "i32*",
    rows: "i32",
    classes: "i32",
    rowsPerTask: "i32",
    gradScale: "f32",
  },
  squaredError: {
    y: "f32*",
    target: "f32*",
    grad: "f32*",
    loss: "f64*",
    count: "i32",
    perTask: "i32",
    gradScale: "f32",
  },
  sgd: {
    weight: "f32*",
    grad: "f32*",
    velocity: "f32*",
    count: "i32",
    perTask: "i32",
    lr: "f32",
    momentum: "f32",
    weightDecay: "f32",
    nesterov: "i32",
  },
  adam: {
    weight: "f32*",
    grad: "f32*",
    m: "f32*",
    v: "f32*",
    count: "i32",
    perTask: "i32",
    step: "f32",
    beta1: "f32",
    beta2: "f32",
    correction: "f32",
    eps: "f32",
    weightDecay: "f32",
    shrink: "f32",
  },
  gatherBytes: {
    from: "u8*",
    indices: "i32*",
    to: "f32*",
    rows: "i32",
    width: "i32",
    rowsPerTask: "i32",
    scale: "f32",
  },
  gatherFloats: {
    from: "f32*",
    indices: "i32*",
    to: "f32*",
    rows: "i32",
    width: "i32",
    rowsPerTask: "i32",
    scale: "f32",
  },
  gatherImages: {
    from: "u8*",
    places: "i32*",
    to: "f32*",
    scale: "f32*",
    shift: "f32*",
    rows: "i32",
    h: "i32",
    w: "i32",
    channels: "i32",
    rowsPerTask: "i32",
  },
} as const satisfies Record<string, Readonly<Record<string, ArgumentType>>>;

export type KernelName = keyof typeof contract;

/** In the order that threads number them by. */
export const kernelNames = Object.keys(contract) as KernelName[];

/** One task of one kernel: the address of its arguments, and which task. */
export type KernelFunction = (args: number, task: number) => void;
export type Kernels = Record<KernelName, KernelFunction>;
