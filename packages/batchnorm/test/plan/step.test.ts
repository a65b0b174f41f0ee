import { type Device, WasmDevice } from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import { describe, expect, test } from "vitest";
import type { Place } from "#dist/device/device.js";
import { addition } from "#dist/plan/addition.js";
import { Arena } from "#dist/plan/arena.js";
import { fetchSpan, type HostPoint, Runner, type Span, type Step, viewOf } from "#dist/plan/step.js";
import { RecordingDevice } from "../support/recording.ts";
import { refuses } from "../support/refusal.ts";

const COUNT = 64;
const span = (place: Place, type: Span["type"] = "f32", count = COUNT): Span => ({ place, type, count });

/** A sum that starts at 1 everywhere, and steps that double it or have the host do something to it. */
function setup(device: Device) {
  const arena = new Arena(device);
  const sum = arena.words(COUNT);
  device.write(sum.region, 0, new Float32Array(COUNT).fill(1));
  const twice = addition({ a: sum, b: sum, sum }, COUNT);
  const seen: number[] = [];
  const look: HostPoint = { reads: [span(sum)], writes: [], act: ([first]) => void seen.push(first) };
  const more: HostPoint = {
    reads: [span(sum)],
    writes: [span(sum)],
    act: (before, after) => {
      for (let i = 0; i < COUNT; i++) after[i] = before[i] + 1;
    },
  };
  const result = async () => new Set(await fetchSpan(device, span(sum)));
  return { arena, sum, twice, look, more, seen, result };
}

describe("programs", () => {
  const device = new RecordingDevice();
  const { twice, look, more } = setup(device);

  test.each<[string, Step[], number[]]>([
    ["no steps are none", [], []],
    ["commands alone are one", [twice, twice, twice], [3]],
    ["a point parts what comes before from what comes after", [twice, twice, look, twice], [2, 1]],
    ["points at the ends and beside one another part nothing", [look, more, twice, look, more, twice, look], [1, 1]],
    ["points alone are none", [look, more], []],
  ])("%s", async (_, steps, programs) => {
    device.runs.length = 0;
    const runner = new Runner(device, steps);
    await runner.run();
    expect(device.runs.map(({ length }) => length)).toEqual(programs);
    expect(runner.programs).toBe(programs.length);
    expect(runner.length).toBe(programs.reduce((a, b) => a + b, 0));
    runner.release();
    expect(device.programs.size).toBe(0);
  });
});

describe.each([
  ["wasm", () => new WasmDevice()],
  ["reference", () => new ReferenceDevice()],
] as const)("on the %s device", (_, make) => {
  test("commands and points take effect in their order, again and again", async () => {
    const device = make();
    const { twice, look, more, seen, result } = setup(device);
    const runner = new Runner(device, [look, twice, look, more, look, twice, twice, look]);
    await runner.run();
    expect(seen).toEqual([1, 2, 3, 12]);
    await runner.run();
    expect(seen.slice(4)).toEqual([12, 24, 25, 100]);
    expect(await result()).toEqual(new Set([100]));
    runner.release();
  });

  test("a point is given what it reads, then what it writes, of their types and from their places", async () => {
    const device = make();
    const arena = new Arena(device);
    const [doubles, integers] = [arena.doubles(4), arena.words(16)];
    device.write(doubles.region, 0, Float64Array.of(0.1, 0.2, 0.3, 0.4));
    const from = span({ ...doubles, offset: 1 }, "f64", 2);
    const to = span({ ...integers, offset: 3 }, "i32", 2);
    const runner = new Runner(device, [
      {
        reads: [from],
        writes: [to, from],
        act: (read, integersOut, doublesOut) => {
          expect([...read]).toEqual([0.2, 0.3]);
          integersOut.set([7, 8]);
          doublesOut.set([1 / 3, 2 / 3]);
        },
      },
    ]);
    await runner.run();
    expect([...(await fetchSpan(device, span(doubles, "f64", 4)))]).toEqual([0.1, 1 / 3, 2 / 3, 0.4]);
    expect([...(await fetchSpan(device, span(integers, "i32", 6)))]).toEqual([0, 0, 0, 7, 8, 0]);
  });

  test("what a point throws ends the run, and nothing after it is done", async () => {
    const device = make();
    const { twice, seen, look, result } = setup(device);
    const stop: HostPoint = {
      reads: [],
      writes: [],
      act: () => {
        throw new Error("of a watcher");
      },
    };
    const runner = new Runner(device, [twice, stop, twice, look]);
    await expect(runner.run()).rejects.toThrow("of a watcher");
    expect(seen).toEqual([]);
    expect(await result()).toEqual(new Set([2]));
  });
});

test("on a device that JavaScript can see, all is done when run returns, and points see views", () => {
  const device = new WasmDevice();
  const { sum, twice, more, look, seen } = setup(device);
  const runner = new Runner(device, [twice, more, look]);
  void runner.run();
  expect(seen).toEqual([3]);
  runner.runNow();
  expect(seen).toEqual([3, 7]);
  const writing: HostPoint = { reads: [span(sum)], writes: [], act: (values) => void values.fill(5) };
  new Runner(device, [writing]).runNow();
  expect(new Set(viewOf(device, span(sum)))).toEqual(new Set([5]));
});

test("on one that it cannot, a point waits for what was done before it, and what comes after waits for the point", async () => {
  const device = new ReferenceDevice();
  const { twice, look, seen, result } = setup(device);
  const running = new Runner(device, [twice, look, twice]).run();
  expect(seen).toEqual([]);
  await running;
  expect(seen).toEqual([2]);
  expect(await result()).toEqual(new Set([4]));
});

test("a device that JavaScript cannot see refuses what does not wait, by its name", () => {
  const device = new ReferenceDevice();
  const { twice, sum } = setup(device);
  const runner = new Runner(device, [twice]);
  refuses(() => runner.runNow(), "E_PLATFORM", "expected the CPU, got reference", "wait");
  refuses(() => viewOf(device, span(sum)), "E_PLATFORM", "expected the CPU, got reference");
});

test("what is fetched is a copy", async () => {
  const device = new WasmDevice();
  const { sum } = setup(device);
  const copy = await fetchSpan(device, span(sum));
  viewOf(device, span(sum)).fill(9);
  expect(copy[0]).toBe(1);
});
