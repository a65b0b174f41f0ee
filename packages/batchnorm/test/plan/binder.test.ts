import { type Layer, Tensor, WasmDevice } from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Device, Place } from "#dist/device/device.js";
import { Arena } from "#dist/plan/arena.js";
import type { Homes } from "#dist/plan/binder.js";
import { Bound } from "#dist/plan/bound.js";
import type { Traceable } from "#dist/plan/graph.js";
import type { Parameter } from "#dist/plan/parameter.js";
import { Recycler } from "#dist/plan/recycler.js";
import type { Slot, Wish } from "#dist/plan/site.js";
import { fetchSpan } from "#dist/plan/step.js";
import { digest, largest, largestDifference, normals } from "../support/data.ts";
import { GraphModel, graphs, pairsOfKinds, SHAPE, type Step } from "../support/graphs.ts";
import { RecordingDevice } from "../support/recording.ts";

const COUNT = SHAPE[0] * SHAPE[1];
const device = new WasmDevice({ build: "simd" });

/** A place each for whatever is asked for, with its values; gradients of trainable parameters. */
function homesOn(on: Device) {
  const arena = new Arena(on);
  const slots = new Map<Parameter, Slot>();
  const state = new Map<object, Place>();
  const put = (data: Float32Array | Float64Array): Place => {
    const place = { region: arena.allocate(data.byteLength), offset: 0 };
    on.write(place.region, 0, data);
    return place;
  };
  const keep = (values: { data: Float32Array | Float64Array }): Place => {
    const place = state.get(values) ?? put(values.data);
    state.set(values, place);
    return place;
  };
  const homes: Homes = {
    parameter: (parameter) => {
      const grad = parameter.trainable ? arena.words(parameter.size) : null;
      const slot = slots.get(parameter) ?? { value: put(parameter.data), grad };
      slots.set(parameter, slot);
      return slot;
    },
    tensor: ({ resident }) => keep(resident),
    counter: keep,
  };
  return { homes, slots, state, arena };
}

interface Options {
  on?: Device;
  gradients?: Wish["gradients"];
  evaluate?: boolean;
  watched?: readonly number[];
  untrained?: readonly number[];
  /** How often the backward pass is run; 0 where that is not to be wished for: once. */
  again?: number;
}

/** Binds a graph as a trainer would, and runs it twice: what comes out the second time, and all that is kept. */
async function results(steps: readonly Step[], options: Options = {}) {
  const { on = device, gradients = "all", evaluate = false, watched = [], untrained = [], again = 0 } = options;
  const model = new GraphModel(steps);
  const layer = (i: number) => model.layers[i % model.layers.length];
  for (const i of untrained) for (const parameter of layer(i)?.parameters() ?? []) parameter.trainable = false;
  const seen = new Set<Traceable>(watched.flatMap((i) => layer(i) ?? []));
  const { homes, slots, state, arena } = homesOn(on);
  const wish = { gradients, evaluate, convolution: "fast", constant: false, again: again > 0 } as const;
  const bound = new Bound(model, SHAPE, { device: on, wish, homes, listeners: { watched: seen } });
  const inputs = [...seen].flatMap((each) => bound.inputsOf(each));
  const dy = gradients === "none" ? null : bound.outputGradient();
  const dx = dy && bound.bindBackward();
  const forward = bound.runner([...bound.beforehand, ...bound.forward]);
  const backward = bound.runner(bound.backward);
  const read = async (place: Place, count: number) =>
    (await fetchSpan(on, { place, type: "f32", count })) as Float32Array;
  const run = async (seed: number) => {
    on.write(bound.input.at.region, 0, normals(seed, COUNT));
    bound.prepare();
    await forward.run();
    const y = await read(bound.output.at, COUNT);
    const went = await Promise.all(inputs.map(({ at }) => read(at, COUNT)));
    for (let i = 0; i < Math.max(again, 1); i++) {
      if (dy) on.write(dy.region, 0, normals(seed + 1, COUNT));
      await backward.run();
    }
    return { y, went, dx: dx && (await read(dx, COUNT)) };
  };
  await run(1000);
  const outcome = await run(2000);
  const names = new Map(model.namedParameters().map(([name, parameter]) => [parameter, name]));
  const grads = new Map<string, Float32Array>();
  for (const [parameter, { grad }] of slots) {
    if (grad) grads.set(names.get(parameter) as string, await read(grad, parameter.size));
  }
  const kept = await Promise.all([...state.values()].map((place) => read(place, 1)));
  const { bytes } = bound.arena;
  bound.release();
  arena.free();
  return { ...outcome, grads, kept, bytes };
}

type Results = Awaited<ReturnType<typeof results>>;

/** The bits of all results. */
function bitsOf({ y, dx, went, grads, kept }: Results): unknown {
  const arrays = (all: Iterable<Float32Array>) => [...all].map(digest);
  return [digest(y), dx && digest(dx), arrays(went), [...grads.keys()], arrays(grads.values()), arrays(kept)];
}

/** No buffer is used by two, none is written over in place. */
async function withoutReuse(work: () => Promise<Results>): Promise<Results> {
  vi.spyOn(Recycler.prototype, "give").mockImplementation(() => {});
  vi.spyOn(Recycler.prototype, "alone").mockImplementation(() => false);
  try {
    return await work();
  } finally {
    vi.restoreAllMocks();
  }
}
afterEach(() => void vi.restoreAllMocks());

test("where it is wished, the backward pass may be run again for the same forward pass", async () => {
  await fc.assert(
    fc.asyncProperty(graphs(15), async (steps) => {
      const [once, again] = [await results(steps, { again: 1 }), await results(steps, { again: 3 })];
      expect(bitsOf(again)).toEqual(bitsOf(once));
    }),
    { seed: 5, numRuns: 60 },
  );
});

const some = fc.array(fc.nat(30), { maxLength: 3 });

describe("any graph of layers gives the same bits as where every value has memory of its own", () => {
  test.each<[string, Options]>([
    ["with all gradients", {}],
    ["with those of the parameters alone", { gradients: "parameters" }],
    ["without gradients", { gradients: "none" }],
    ["in evaluation", { gradients: "none", evaluate: true }],
  ])("%s", async (_, options) => {
    let [fewer, whole] = [0, 0];
    await fc.assert(
      fc.asyncProperty(graphs(25), some, some, async (steps, watched, untrained) => {
        const all = { ...options, watched, untrained };
        const want = await withoutReuse(() => results(steps, all));
        const got = await results(steps, all);
        expect(bitsOf(got)).toEqual(bitsOf(want));
        fewer += got.bytes;
        whole += want.bytes;
      }),
      { seed: 1, numRuns: 150 },
    );
    // Or it would not be said of anything.
    expect(fewer).toBeLessThan(0.8 * whole);
  });
});

/** Activations and normalizations of sums of sums grow: of their own size. */
function expectNear(got: Float32Array, want: Float32Array, what: string): void {
  expect(largestDifference(got, want), what).toBeLessThanOrEqual(1e-3 * Math.max(largest(want), 0.1));
}

/** Bound as a whole, and its layers one by one. */
async function compare(steps: readonly Step[]): Promise<void> {
  const got = await results(steps);
  const [x, dy] = [normals(2000, COUNT), normals(2001, COUNT)].map((data) => new Tensor(data, SHAPE));
  const want = new GraphModel(steps).apart(x, dy);
  expectNear(got.y, want.y.data, "y");
  expectNear(got.dx ?? new Float32Array(COUNT), want.dx, "dx");
  // Of those that are bound but have no say in the result, the gradients are zeros.
  for (const [name, grad] of want.gradients) expectNear(got.grads.get(name) as Float32Array, grad, name);
}

describe("layers bound together give the values and gradients that they give one by one", () => {
  test("in any graph", async () => {
    await fc.assert(fc.asyncProperty(graphs(15, ["dropout"]), compare), { seed: 2, numRuns: 150 });
  });

  test.each(pairsOfKinds(["dropout"]))("%s", (_, steps) => compare(steps));
});

test("any graph of layers gives on a device that JavaScript cannot see what it gives on the CPU", async () => {
  await fc.assert(
    fc.asyncProperty(graphs(12), some, async (steps, watched) => {
      const [want, got] = [
        await results(steps, { watched }),
        await results(steps, { watched, on: new ReferenceDevice() }),
      ];
      expectNear(got.y, want.y, "y");
      if (want.dx) expectNear(got.dx as Float32Array, want.dx, "dx");
      for (const [name, grad] of want.grads) expectNear(got.grads.get(name) as Float32Array, grad, name);
      for (const [i, input] of want.went.entries()) expectNear(got.went[i], input, `watched ${i}`);
    }),
    { seed: 3, numRuns: 40 },
  );
});

describe("commands are such as the contract wants them", () => {
  test.each(pairsOfKinds())("of %s", async (_, steps) => {
    const on = new RecordingDevice();
    await results(steps, { on });
    expect(on.runs.length).toBeGreaterThan(0);
  });

  test("of any graph, whatever of it is trained", async () => {
    await fc.assert(
      fc.asyncProperty(graphs(20), some, async (steps, untrained) => {
        await results(steps, { untrained, on: new RecordingDevice() });
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});

test("nothing is left of a bound model but what it shares with others", () => {
  fc.assert(
    fc.property(graphs(20), (steps) => {
      const { top } = device.memory;
      const model: Layer = new GraphModel(steps);
      const { homes, arena } = homesOn(device);
      const wish = { gradients: "all", evaluate: false, convolution: "fast", constant: false, again: false } as const;
      const bound = new Bound(model, SHAPE, { device, wish, homes });
      bound.outputGradient();
      bound.bindBackward();
      bound.runner([...bound.beforehand, ...bound.forward, ...bound.backward]);
      bound.release();
      arena.free();
      expect(device.memory.top).toBe(top);
    }),
    { seed: 4, numRuns: 30 },
  );
});
