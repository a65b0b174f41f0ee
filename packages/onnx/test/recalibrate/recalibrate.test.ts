import { ChannelMoments, Random } from "batchnorm";
import { describe, expect, test } from "vitest";
import { findBatchNorms, type InputBatch, type OnnxModel, recalibrateBatchNorms } from "#dist/index.js";
import { loadRuntime, openSession, runOn } from "#dist/verify/runtime.js";
import { batchNorm, DataType, model, node, parameters, random, type Storage, tensor } from "../support/models.ts";

const SAMPLES = 24;

/** Samples of mean 3 and deviation 2: nothing that the random statistics of the models would fit. */
function samples(dims: readonly number[], from = 0, to = SAMPLES): InputBatch {
  const generator = new Random(7);
  const each = dims.reduce((product, size) => product * size, 1);
  const all = Float32Array.from({ length: SAMPLES * each }, () => 3 + 2 * generator.normal());
  return { x: { data: all.slice(from * each, to * each), dims: [to - from, ...dims] } };
}

function batches(dims: readonly number[], size: number): () => InputBatch[] {
  const starts = Array.from({ length: Math.ceil(SAMPLES / size) }, (_, i) => i * size);
  return () => starts.map((from) => samples(dims, from, Math.min(from + size, SAMPLES)));
}

/** Three convolutions with batch norm, the third beside the second, and their sum. */
function branching(storage: Storage = {}): OnnxModel {
  return model({
    type: storage.type ?? DataType.FLOAT,
    inputs: { x: ["n", 2, 6, 5] },
    outputs: ["y"],
    constants: [
      random("w1", [4, 2, 3, 3], storage),
      random("w2", [3, 4, 1, 1], storage),
      random("w3", [3, 4, 3, 3], storage),
      ...parameters("bn1", 4, storage),
      ...parameters("bn2", 3, storage),
      ...parameters("bn3", 3, storage),
    ],
    nodes: [
      node("Conv", "x,w1", "c1", { pads: [1, 1, 1, 1] }),
      batchNorm("bn1", "c1", "b1"),
      node("Relu", "b1", "r1"),
      node("Conv", "r1,w2", "c2"),
      batchNorm("bn2", "c2", "b2"),
      node("Conv", "r1,w3", "c3", { pads: [1, 1, 1, 1] }),
      batchNorm("bn3", "c3", "b3"),
      node("Add", "b2,b3", "y"),
    ],
  });
}

/** Mean and variance of every channel of a value, over all samples. */
async function momentsOf(source: OnnxModel, value: string, channels: number, batch: InputBatch) {
  const runtime = await loadRuntime();
  const session = await openSession(runtime, source, "the model", { values: [value] });
  const inputs = new Map(Object.entries(batch).map(([name, each]) => [name, { type: "float32", ...each }]));
  const { data, dims } = (await runOn(runtime, session, inputs, "the model"))[value];
  await session.release();
  return new ChannelMoments(channels).add(data as Float32Array, { shape: dims, axis: 1 });
}

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>, bound: number): void {
  expect(got.length).toBe(expected.length);
  for (let c = 0; c < got.length; c++)
    expect(Math.abs(got[c] - expected[c]), `channel ${c}`).toBeLessThanOrEqual(bound);
}

describe("layer by layer", () => {
  test("every batch norm gives its data mean β and deviation |γ|", async () => {
    const before = branching();
    const { model: after, recalibrated, kept } = await recalibrateBatchNorms(before, batches([2, 6, 5], 7));
    expect(kept).toEqual([]);
    expect(recalibrated.map(({ name, count }) => [name, count])).toEqual([
      ["B1", SAMPLES * 30],
      ["B2", SAMPLES * 30],
      ["B3", SAMPLES * 30],
    ]);
    for (const [i, { name, eps, gamma, beta, variance }] of findBatchNorms(after).entries()) {
      const channels = gamma?.length ?? 0;
      const moments = await momentsOf(after, name.toLowerCase(), channels, samples([2, 6, 5]));
      expectNear(moments.mean, beta ?? [], 2e-5);
      const scale = (v: number, c: number) => Math.abs(gamma?.[c] ?? 0) * Math.sqrt(v / (v + eps));
      expectNear(moments.unbiased.map(Math.sqrt), variance?.map(scale) ?? [], 2e-5);
      // And that was not so before.
      const old = await momentsOf(before, name.toLowerCase(), channels, samples([2, 6, 5]));
      expect(Math.max(...old.mean.map((v, c) => Math.abs(v - (beta?.[c] ?? 0)))), `${i}`).toBeGreaterThan(0.1);
    }
  });

  test("the way the data are cut changes nothing but the last digits", async () => {
    const whole = await recalibrateBatchNorms(branching(), batches([2, 6, 5], SAMPLES));
    const cut = await recalibrateBatchNorms(branching(), batches([2, 6, 5], 5));
    for (const [i, { after }] of whole.recalibrated.entries()) {
      expectNear(cut.recalibrated[i].after.mean, after.mean, 1e-5);
      expectNear(cut.recalibrated[i].after.variance, after.variance, 1e-4);
    }
  });

  test("batch norms that do not meet share a pass, and progress counts batches of each", async () => {
    const seen: string[] = [];
    const progress = ({ pass, passes, batches }: { pass: number; passes: number; batches: number }) =>
      seen.push(`${pass}/${passes}:${batches}`);
    await recalibrateBatchNorms(branching(), batches([2, 6, 5], 12), { progress });
    expect(seen).toEqual(["0/2:1", "0/2:2", "1/2:1", "1/2:2"]);
  });

  test("a batch norm right on the input, of rank 2", async () => {
    const source = model({
      inputs: { x: ["n", 3] },
      outputs: ["y"],
      constants: parameters("bn", 3),
      nodes: [batchNorm("bn", "x", "y")],
    });
    const { recalibrated } = await recalibrateBatchNorms(source, batches([3], 10));
    const { data, dims } = samples([3]).x;
    const moments = new ChannelMoments(3).add(data as Float32Array, { shape: dims });
    expectNear(recalibrated[0].after.mean, moments.mean, 1e-6);
    expectNear(recalibrated[0].after.variance, moments.unbiased, 1e-6);
  });
});

describe("one pass", () => {
  test("with all data in one batch it is the same as layer by layer", async () => {
    const slow = await recalibrateBatchNorms(branching(), batches([2, 6, 5], SAMPLES));
    const quick = await recalibrateBatchNorms(branching(), batches([2, 6, 5], SAMPLES), { onePass: true });
    for (const [i, { after }] of slow.recalibrated.entries()) {
      const { mean, variance } = quick.recalibrated[i].after;
      expectNear(mean, after.mean, 1e-3);
      // A batch is normalized by its biased variance, the new statistics hold the unbiased one: of 720 values.
      expectNear(
        variance.map((v, c) => v / after.variance[c]),
        variance.map(() => 1),
        3 / 720,
      );
    }
  });

  test("goes through the batches once", async () => {
    let asked = 0;
    const give = batches([2, 6, 5], 8);
    const counting = () => {
      asked++;
      return give();
    };
    await recalibrateBatchNorms(branching(), counting, { onePass: true });
    expect(asked).toBe(1);
  });
});

test("the prior is the weight of the old statistics", async () => {
  const source = branching();
  const [fresh] = (await recalibrateBatchNorms(source, batches([2, 6, 5], 8))).recalibrated;
  const [mixed] = (await recalibrateBatchNorms(source, batches([2, 6, 5], 8), { prior: 0.25 })).recalibrated;
  const mix = (old: Float64Array, now: Float64Array) => old.map((v, c) => 0.25 * v + 0.75 * now[c]);
  expectNear(mixed.after.mean, mix(fresh.before.mean, fresh.after.mean), 1e-6);
  expectNear(mixed.after.variance, mix(fresh.before.variance, fresh.after.variance), 1e-5);
  const { recalibrated } = await recalibrateBatchNorms(source, batches([2, 6, 5], 8), { prior: 1 });
  for (const { before, after } of recalibrated) expect(after).toEqual(before);
});

describe("the model", () => {
  test("given stays as it is, and nothing but statistics changes in the new one", async () => {
    const before = branching();
    const copy = structuredClone(before.proto.graph.initializer.map(({ name, rawData }) => ({ name, rawData })));
    const { model: after } = await recalibrateBatchNorms(before, batches([2, 6, 5], 8));
    expect(before.proto.graph.initializer.map(({ name, rawData }) => ({ name, rawData }))).toEqual(copy);
    const changed = after.proto.graph.initializer
      .filter(({ rawData }, i) => Buffer.compare(rawData, copy[i].rawData) !== 0)
      .map(({ name }) => name);
    expect(changed).toEqual(["bn1.mean", "bn1.var", "bn2.mean", "bn2.var", "bn3.mean", "bn3.var"]);
    expect(after.proto.graph.node).toEqual(before.proto.graph.node);
  });

  test("in float16 keeps its type", async () => {
    const halves = branching({ type: DataType.FLOAT16 });
    const { data, dims } = samples([2, 6, 5]).x;
    const { float16, toBits } = await import("batchnorm/formats");
    const bits = Uint16Array.from(data as Float32Array, (v) => toBits(v, float16));
    const give = () => [{ x: { data: bits, dims } }];
    const { model: after, recalibrated } = await recalibrateBatchNorms(halves, give);
    const wide = await recalibrateBatchNorms(branching(), batches([2, 6, 5], SAMPLES));
    expect(after.proto.graph.initializer.every(({ dataType }) => dataType === DataType.FLOAT16)).toBe(true);
    for (const [i, { after }] of wide.recalibrated.entries()) {
      for (const [c, v] of after.mean.entries()) {
        expect(Math.abs(recalibrated[i].after.mean[c] - v)).toBeLessThan(0.02 * Math.sqrt(after.variance[c]));
      }
    }
    const quick = await recalibrateBatchNorms(halves, give, { onePass: true });
    expect(quick.recalibrated.length).toBe(3);
  });

  test("whose batch norms share constants gives each its own", async () => {
    const source = model({
      inputs: { x: ["n", 3, 4] },
      outputs: ["y"],
      constants: [tensor("zeros", [3], [0, 0, 0]), tensor("ones", [3], [1, 1, 1])],
      nodes: [
        node("BatchNormalization", "x,ones,zeros,zeros,ones", "a"),
        node("Relu", "a", "r"),
        node("BatchNormalization", "r,ones,zeros,zeros,ones", "y"),
      ],
    });
    const { model: after, recalibrated } = await recalibrateBatchNorms(source, batches([3, 4], 8));
    const [first, second] = findBatchNorms(after);
    expect(Array.from(first.mean ?? [])).toEqual(Array.from(recalibrated[0].after.mean));
    expect(first.mean).not.toEqual(second.mean);
    expect(Array.from(first.gamma ?? [])).toEqual([1, 1, 1]);
    expect(Array.from(second.beta ?? [])).toEqual([0, 0, 0]);
    const moments = await momentsOf(after, "y", 3, samples([3, 4]));
    expectNear(moments.mean, [0, 0, 0], 1e-5);
  });

  test("of the days when initializers were inputs, with statistics in Constant nodes", async () => {
    const statistics = [tensor("m", [3], [5, 5, 5]), tensor("v", [3], [2, 2, 2])];
    const source = model({
      irVersion: 3,
      opset: 7,
      inputs: { x: [8, 3], g: [3], b: [3] },
      outputs: ["y"],
      constants: [tensor("g", [3], [1, 2, 3]), tensor("b", [3], [0, 0, 1])],
      nodes: [
        ...statistics.map((value) => node("Constant", "", value.name, { value })),
        node("BatchNormalization", "x,g,b,m,v", "y"),
      ],
    });
    const { model: after } = await recalibrateBatchNorms(source, batches([3], 8));
    const moments = await momentsOf(after, "y", 3, samples([3], 0, 8));
    expect(Math.abs(moments.mean[2] - 1)).toBeLessThan(2);
    const [{ mean }] = findBatchNorms(after);
    expect(Math.abs((mean?.[0] ?? 0) - 3)).toBeLessThan(1.5);
  });
});
