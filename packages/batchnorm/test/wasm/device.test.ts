import { WasmDevice } from "batchnorm";
import { describe, expect, test } from "vitest";
import { command } from "#dist/kernels/command.js";
import { Arena } from "#dist/plan/arena.js";
import { refuses } from "../support/refusal.ts";

/** count values, one a task: sum = a + a */
function doubling(device: WasmDevice, count: number, tasks: number) {
  const arena = new Arena(device);
  const [a, sum] = [arena.words(4 * count), arena.words(4 * count)];
  device.write(a.region, 0, new Float32Array(4 * count).fill(1));
  const args = { a, b: a, sum, floor: 0, count: 4 * count, perTask: 4 };
  return { made: command("addition", args, tasks), values: () => new Set(device.view(sum.region).f32) };
}

describe.each([1, 3])("on %d threads", (threads) => {
  const device = new WasmDevice({ threads });

  test("a command may have 65,535 tasks", () => {
    const { made, values } = doubling(device, 65535, 65535);
    const program = device.bind([made, made]);
    device.run(program);
    expect(values()).toEqual(new Set([2, 0]));
    device.close();
  });

  test.each([0, 65536])("a command of %d tasks is refused, by its name", (tasks) => {
    const { made } = doubling(device, 16, tasks);
    refuses(() => device.bind([made]), "E_VALUE", "addition", "1 to 65535 tasks", String(tasks));
  });
});

test("a list of more commands than can be counted is refused", () => {
  const device = new WasmDevice();
  const { made } = doubling(device, 16, 16);
  refuses(() => device.bind(new Array(0xfffff).fill(made)), "E_VALUE", "1048574 commands", "1048575");
});

test("programs and regions give their memory back", () => {
  const device = new WasmDevice();
  const { made } = doubling(device, 16, 16);
  const { top } = device.memory;
  const program = device.bind([made, made]);
  const region = device.allocate(1000);
  expect(device.memory.top).toBeGreaterThan(top);
  for (const each of [program, region]) device.release(each);
  expect(device.memory.top).toBe(top);
});

test("a region's views are the same until memory grows, and see the same bytes after it", () => {
  const device = new WasmDevice();
  const region = device.allocate(1000);
  const before = device.view(region);
  expect(device.view(region)).toBe(before);
  expect([before.u8.length, before.f32.length, before.i32.length, before.f64.length]).toEqual([1000, 250, 250, 125]);
  before.f64[1] = 1.5;
  device.allocate(2 * device.memory.byteLength);
  const after = device.view(region);
  expect(after === before).toBe(false);
  expect(after.f64[1]).toBe(1.5);
});

test("what is written at an offset is read from there", async () => {
  const device = new WasmDevice();
  const region = device.allocate(64);
  device.write(region, 8, Float32Array.of(1, 2, 3));
  device.write(region, 24, Int32Array.of(7));
  const floats = new Float32Array(2);
  await device.read(region, 12, floats);
  const bytes = new Uint8Array(4);
  await device.read(region, 24, bytes);
  expect([...floats, ...bytes]).toEqual([2, 3, 7, 0, 0, 0]);
});

test("it supports the contract's kernels, and no others", () => {
  const device = new WasmDevice();
  expect(["gemm", "tally", "constructor", "gem"].map((kernel) => device.supports(kernel))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

describe("refuses, with E_VALUE and before it takes any memory,", () => {
  test.each([0, 65, 1.5, Number.NaN, "2"])("%j threads", (threads) => {
    refuses(() => new WasmDevice({ threads: threads as number }), "E_VALUE", "threads from 1 to 64", String(threads));
  });

  test("a determinism that there is not", () => {
    const options = { deterministic: "always" as "everywhere" };
    refuses(() => new WasmDevice(options), "E_VALUE", '"per-machine" or "everywhere"', '"always"');
  });

  test("a build that there is not", () => {
    refuses(() => new WasmDevice({ build: "reference" as "simd" }), "E_VALUE", '"simd" or "relaxed"', '"reference"');
  });
});
