/**
 * Every kernel: its name, its arguments in the order of the struct that assembly/ declares, and what it costs.
 *
 * A kernel is called as (address of its arguments, task); every argument takes four bytes. The wasm builds, the
 * reference, the tests and the benchmarks all read this table, so a kernel that is missing from one of them, or whose
 * arguments differ, fails a test.
 */

/** Pointers name what they point at; the others are plain numbers. */
export type ArgumentType = "f32*" | "f64*" | "i32*" | "u8*" | "i32" | "u32" | "f32";

/** The arguments of a call, by name: addresses (in bytes) and numbers. */
export type Arguments<K extends KernelName> = { [A in keyof (typeof contract)[K]["args"]]: number };

interface Kernel {
  readonly args: Readonly<Record<string, ArgumentType>>;
  /** Bytes that must be moved and floating-point operations done by all tasks of a call together. */
  cost(args: Record<string, number>): { bytes: number; flops: number };
}

function kernel<const A extends Kernel["args"]>(args: A, cost: Kernel["cost"]): { args: A; cost: Kernel["cost"] } {
  return { args, cost };
}

const perValue = (bytes: number, flops: number) => (n: number) => ({ bytes: bytes * n, flops: flops * n });
const rows = (a: Record<string, number>) => a.rows * a.channels;
const planes = (a: Record<string, number>) => a.outer * a.channels * a.inner;
const activation = kernel({ x: "f32*", y: "f32*", count: "i32", perTask: "i32" }, (a) => perValue(8, 10)(a.count));
const activationGrad = kernel({ y: "f32*", dy: "f32*", dx: "f32*", count: "i32", perTask: "i32" }, (a) =>
  perValue(12, 3)(a.count),
);

const convolution = kernel(
  {
    x: "f32*",
    weight: "f32*",
    bias: "f32*",
    y: "f32*",
    n: "i32",
    h: "i32",
    w: "i32",
    ci: "i32",
    oh: "i32",
    ow: "i32",
    co: "i32",
    groups: "i32",
    kh: "i32",
    kw: "i32",
    stride: "i32",
    padTop: "i32",
    padLeft: "i32",
    yh: "i32",
    yw: "i32",
    yTop: "i32",
    yLeft: "i32",
    yStep: "i32",
    columns: "i32",
    rows: "i32",
    bandsPerTask: "i32",
  },
  (a) => {
    const outputs = a.n * a.oh * a.ow * a.groups * a.co;
    const inputs = a.n * a.h * a.w * a.groups * a.ci;
    return { bytes: 4 * (inputs + outputs), flops: 2 * outputs * a.kh * a.kw * a.ci };
  },
);
/** What a direct 3×3 convolution would do, so that speeds can be compared. */
const direct3x3: Kernel["cost"] = (a) => {
  const outputs = a.n * a.oh * a.ow * a.co;
  return { bytes: 4 * (a.n * a.h * a.w * a.ci + outputs), flops: 2 * outputs * 9 * a.ci };
};
const pooling = kernel(
  {
    x: "f32*",
    y: "f32*",
    dy: "f32*",
    dx: "f32*",
    n: "i32",
    h: "i32",
    w: "i32",
    oh: "i32",
    ow: "i32",
    channels: "i32",
    kh: "i32",
    kw: "i32",
    stride: "i32",
    padTop: "i32",
    padLeft: "i32",
    countPadding: "i32",
    imagesPerTask: "i32",
  },
  (a) => perValue(4, 1)(a.n * a.channels * (a.h * a.w + a.oh * a.ow)),
);

export const contract = {
  momentsRows: kernel({ x: "f32*", rows: "i32", channels: "i32", rowsPerTask: "i32", mean: "f64*", m2: "f64*" }, (a) =>
    perValue(4, 4)(rows(a)),
  ),
  momentsPlanes: kernel(
    { x: "f32*", outer: "i32", channels: "i32", inner: "i32", channelsPerTask: "i32", mean: "f64*", m2: "f64*" },
    (a) => perValue(4, 4)(planes(a)),
  ),
  affineRows: kernel(
    {
      x: "f32*",
      y: "f32*",
      rows: "i32",
      channels: "i32",
      rowsPerTask: "i32",
      center: "f32*",
      scale: "f32*",
      shift: "f32*",
    },
    (a) => perValue(8, 3)(rows(a)),
  ),
  affinePlanes: kernel(
    {
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
    (a) => perValue(8, 3)(planes(a)),
  ),
  gradSumsRows: kernel(
    {
      x: "f32*",
      dy: "f32*",
      rows: "i32",
      channels: "i32",
      rowsPerTask: "i32",
      center: "f32*",
      sumDy: "f64*",
      sumDyX: "f64*",
    },
    (a) => perValue(8, 4)(rows(a)),
  ),
  gradSumsPlanes: kernel(
    {
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
    (a) => perValue(8, 4)(planes(a)),
  ),
  gradInputRows: kernel(
    {
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
    },
    (a) => perValue(12, 5)(rows(a)),
  ),
  gradInputPlanes: kernel(
    {
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
    (a) => perValue(12, 5)(planes(a)),
  ),
  gemm: kernel(
    {
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
    (a) => ({ bytes: 4 * (a.m * a.k + a.k * a.n + a.m * a.n), flops: 2 * a.m * a.n * a.k }),
  ),
  packConv: kernel(
    {
      weight: "f32*",
      panels: "f32*",
      groups: "i32",
      co: "i32",
      ci: "i32",
      kh: "i32",
      kw: "i32",
      turn: "i32",
      tapTop: "i32",
      tapLeft: "i32",
      tapStep: "i32",
    },
    (a) => perValue(8, 0)(a.groups * a.co * a.ci * a.kh * a.kw),
  ),
  conv: convolution,
  convGradWeight: convolution,
  convGradMerge: kernel(
    {
      sums: "f32*",
      parts: "i32",
      grad: "f32*",
      groups: "i32",
      co: "i32",
      ci: "i32",
      kh: "i32",
      kw: "i32",
    },
    (a) => perValue(4 * (a.parts + 1), a.parts)(a.groups * a.co * a.ci * a.kh * a.kw),
  ),
  winogradWeights: kernel({ weight: "f32*", panels: "f32*", co: "i32", ci: "i32", turn: "i32" }, (a) =>
    perValue(4 * 45, 100)(a.co * a.ci),
  ),
  winograd: kernel(
    {
      x: "f32*",
      weight: "f32*",
      y: "f32*",
      n: "i32",
      h: "i32",
      w: "i32",
      ci: "i32",
      oh: "i32",
      ow: "i32",
      co: "i32",
      padTop: "i32",
      padLeft: "i32",
      segmentTiles: "i32",
      segmentsPerTask: "i32",
    },
    direct3x3,
  ),
  winogradGradWeight: kernel(
    {
      x: "f32*",
      products: "f32*",
      dy: "f32*",
      n: "i32",
      h: "i32",
      w: "i32",
      ci: "i32",
      oh: "i32",
      ow: "i32",
      co: "i32",
      padTop: "i32",
      padLeft: "i32",
      segmentTiles: "i32",
      segmentsPerTask: "i32",
      sums: "f32*",
    },
    direct3x3,
  ),
  maxPool: pooling,
  maxPoolGrad: pooling,
  averagePool: pooling,
  averagePoolGrad: pooling,
  addition: kernel({ a: "f32*", b: "f32*", sum: "f32*", count: "i32", perTask: "i32" }, (a) =>
    perValue(12, 1)(a.count),
  ),
  copyColumns: kernel(
    {
      from: "f32*",
      to: "f32*",
      rows: "i32",
      columns: "i32",
      fromWidth: "i32",
      toWidth: "i32",
      rowsPerTask: "i32",
    },
    (a) => perValue(8, 0)(a.rows * a.columns),
  ),
  sumRows: kernel({ x: "f32*", rows: "i32", channels: "i32", channelsPerTask: "i32", sum: "f32*" }, (a) =>
    perValue(4, 1)(rows(a)),
  ),
  sigmoid: activation,
  sigmoidGrad: activationGrad,
  tanh: activation,
  tanhGrad: activationGrad,
  relu: activation,
  reluGrad: activationGrad,
  dropout: kernel({ x: "f32*", y: "f32*", count: "i32", perTask: "i32", key: "i32", limit: "u32", scale: "f32" }, (a) =>
    perValue(8, 1)(a.count),
  ),
  softmaxCrossEntropy: kernel(
    {
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
    (a) => perValue(8, 14)(a.rows * a.classes),
  ),
  squaredError: kernel(
    { y: "f32*", target: "f32*", grad: "f32*", loss: "f64*", count: "i32", perTask: "i32", gradScale: "f32" },
    (a) => perValue(12, 4)(a.count),
  ),
  sgd: kernel(
    {
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
    (a) => perValue(a.velocity ? 20 : 12, 6)(a.count),
  ),
  adam: kernel(
    {
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
    (a) => perValue(28, 14)(a.count),
  ),
  gatherBytes: kernel(
    { from: "u8*", indices: "i32*", to: "f32*", rows: "i32", width: "i32", rowsPerTask: "i32", scale: "f32" },
    (a) => perValue(5, 1)(a.rows * a.width),
  ),
  gatherFloats: kernel(
    { from: "f32*", indices: "i32*", to: "f32*", rows: "i32", width: "i32", rowsPerTask: "i32", scale: "f32" },
    (a) => perValue(8, 0)(a.rows * a.width),
  ),
};

export type KernelName = keyof typeof contract;

/** In the order that threads number them by. */
export const kernelNames = Object.keys(contract) as KernelName[];

/** One task of one kernel: the address of its arguments, and which task. */
export type KernelFunction = (args: number, task: number) => void;
export type Kernels = Record<KernelName, KernelFunction>;
