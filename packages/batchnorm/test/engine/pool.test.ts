import { afterEach, expect, test } from "vitest";
import { Arena } from "#dist/engine/arena.js";
import { Engine } from "#dist/engine/engine.js";
import { CONTROL, CONTROL_BYTES } from "#dist/engine/pool.js";
import { limits } from "#dist/kernels/contract.js";
import { started } from "../support/pool.ts";

const open: Engine[] = [];
function engineOf(threads: number): Engine {
  const engine = new Engine({ threads });
  open.push(engine);
  return engine;
}
afterEach(() => {
  for (const engine of open.splice(0)) engine.close();
});

/** One run takes 1 from each of 800 weights, in 50 tasks. */
function countdown(engine: Engine) {
  const arena = new Arena(engine.memory);
  const weight = arena.floats(800);
  const grad = arena.floats(800);
  engine.memory.f32.fill(1, grad >> 2, (grad >> 2) + 800);
  const numbers = { count: 800, perTask: 16, lr: 1, momentum: 0, weightDecay: 0, nesterov: 0 };
  const call = engine.call(arena, "sgd", { weight, grad, velocity: 0, ...numbers }, 50);
  return {
    run: () => call.run(),
    weights: () => new Set(engine.memory.f32.subarray(weight >> 2, (weight >> 2) + 800)),
  };
}

test.each([1, 2, 3, 8])("every task of every call is done exactly once, on %d threads", async (threads) => {
  const engine = engineOf(threads);
  const { run, weights } = countdown(engine);
  await started(engine);
  for (let i = 1; i <= 3000; i++) run();
  expect([...weights()]).toEqual([-3000]);
});

/** The product of matrices of ones, 64 × k and k × 640, in 80 tasks. */
function product(engine: Engine, k: number) {
  const arena = new Arena(engine.memory);
  const [a, b, c] = [64 * k, k * 640, 64 * 640].map((count) => arena.floats(count));
  engine.memory.f32.fill(1, a >> 2, (a >> 2) + 64 * k);
  engine.memory.f32.fill(1, b >> 2, (b >> 2) + k * 640);
  const shape = { m: 64, n: 640, k, transposeA: 0, transposeB: 0, panelsPerTask: 1 };
  const call = engine.call(arena, "gemm", { a, b, c, bias: 0, ...shape }, 80);
  return { run: () => call.run(), values: engine.memory.f32.subarray(c >> 2, (c >> 2) + 64 * 640) };
}

test("a call returns when its last task is done, whoever does it", async () => {
  const engine = engineOf(3);
  const { run, values } = product(engine, 900);
  await started(engine);
  for (let i = 0; i < 60; i++) {
    values.fill(0);
    run();
    expect(values.findLastIndex((v) => v !== 900)).toBe(-1);
  }
});

test("all threads take part: the scratch memory of each is used", async () => {
  const engine = engineOf(3);
  const { run, values } = product(engine, 64);
  const { f32 } = engine.memory;
  const used = (thread: number) => {
    const from = (CONTROL + CONTROL_BYTES + thread * limits.scratchBytes) >> 2;
    return f32.subarray(from, from + limits.scratchBytes / 4).some((v) => v !== 0);
  };
  // Workers take a moment to start; without them this would go on until the test's time is over.
  while (![0, 1, 2].every(used)) {
    run();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(new Set(values)).toEqual(new Set([64]));
});

test("memory may grow while threads are at work, and calls made before go on", async () => {
  const engine = engineOf(3);
  await started(engine);
  const before = countdown(engine);
  for (let i = 0; i < 100; i++) before.run();
  engine.memory.allocate(4 * engine.memory.byteLength);
  const after = countdown(engine);
  for (let i = 0; i < 100; i++) {
    before.run();
    after.run();
  }
  expect([...before.weights()]).toEqual([-200]);
  expect([...after.weights()]).toEqual([-100]);
});

test("an exception between two calls leaves the pool usable", async () => {
  const engine = engineOf(3);
  const { run, weights } = countdown(engine);
  await started(engine);
  for (let i = 0; i < 50; i++) {
    expect(() => {
      run();
      throw new Error("of the user's own");
    }).toThrow("of the user's own");
  }
  run();
  expect([...weights()]).toEqual([-51]);
});

test.each([1, 3])(
  "a closed engine of %d threads refuses calls with E_STATE, and closing again does nothing",
  (threads) => {
    const engine = engineOf(threads);
    const { run, weights } = countdown(engine);
    run();
    engine.close();
    expect(engine.closed).toBe(true);
    expect(run).toThrow(
      expect.objectContaining({ code: "E_STATE", message: expect.stringContaining("Make a new one") }),
    );
    expect([...weights()]).toEqual([-1]);
    engine.close();
  },
);

test("one engine's end leaves the others at work", () => {
  const [first, second] = [engineOf(3), engineOf(3)];
  const { run, weights } = countdown(second);
  run();
  first.close();
  for (let i = 0; i < 100; i++) run();
  expect([...weights()]).toEqual([-101]);
});

test("a kernel that fails in any thread is an error of the call, and the engine goes on", async () => {
  const engine = engineOf(3);
  const { run, weights } = countdown(engine);
  await started(engine);
  const beyond = { weight: 2 ** 31 - 64, grad: 64, velocity: 0, count: 800, perTask: 16, lr: 1 };
  const bad = engine.call(new Arena(engine.memory), "sgd", { ...beyond, momentum: 0, weightDecay: 0, nesterov: 0 }, 50);
  for (let i = 1; i <= 20; i++) {
    expect(() => bad.run()).toThrow("expected sgd to end; it failed in one of the threads");
    run();
    expect([...weights()]).toEqual([-i]);
  }
});
