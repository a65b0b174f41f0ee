import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Memory } from "#dist/wasm/memory.js";
import { refuses } from "../support/refusal.ts";

const RESERVED = 1000;

/** Sizes around the one from which blocks are staggered, and some that make the memory grow. */
const bytes = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 3900, max: 9000 }),
  fc.integer({ min: 0, max: 200_000 }),
);
const command = fc.oneof(fc.record({ allocate: bytes }), fc.record({ release: fc.nat() }));

interface Block {
  at: number;
  size: number;
  mark: number;
}

function firstWrong(memory: Memory, { at, size, mark }: Block): number {
  return memory.u8.subarray(at, at + size).findIndex((byte) => byte !== mark);
}

describe.each([false, true])("memory, shared: %s", (shared) => {
  test("blocks are aligned, zeroed, apart, and keep what is in them while others come and go and the memory grows", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), (commands) => {
        const memory = new Memory(shared, RESERVED);
        const live: Block[] = [];
        for (const [i, { allocate, release }] of (commands as { allocate?: number; release?: number }[]).entries()) {
          if (allocate !== undefined) {
            const block = { at: memory.allocate(allocate), size: allocate, mark: 1 + (i % 255) };
            expect(block.at % 64).toBe(0);
            expect(block.at).toBeGreaterThanOrEqual(RESERVED);
            expect(block.at + block.size).toBeLessThanOrEqual(memory.byteLength);
            expect(firstWrong(memory, { ...block, mark: 0 })).toBe(-1);
            for (const { at, size } of live) expect(at + size <= block.at || block.at + allocate <= at).toBe(true);
            memory.u8.fill(block.mark, block.at, block.at + block.size);
            live.push(block);
          } else if (live.length) {
            const [{ at }] = live.splice((release as number) % live.length, 1);
            memory.release(at);
          }
        }
        for (const block of live) expect(firstWrong(memory, block)).toBe(-1);
        for (const { at } of live) memory.release(at);
        expect(memory.top).toBe(memory.base);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("the views cover the whole memory after it has grown", () => {
    const memory = new Memory(shared, RESERVED);
    const before = memory.byteLength;
    const at = memory.allocate(10 * before);
    expect(memory.byteLength).toBeGreaterThan(10 * before);
    memory.f32[at >> 2] = 1.5;
    memory.f64[(at >> 3) + 1] = 2.5;
    memory.i32[(at >> 2) + 4] = -3;
    const { buffer } = memory.wasm;
    for (const view of [memory.f32, memory.f64, memory.i32, memory.u8]) expect(view.buffer).toBe(buffer);
    const words = new DataView(buffer);
    expect([words.getFloat32(at, true), words.getFloat64(at + 8, true), words.getInt32(at + 16, true)]).toEqual([
      1.5, 2.5, -3,
    ]);
  });
});

test("what is released is used again: the same blocks over and over need no more memory", () => {
  const memory = new Memory(false, RESERVED);
  const round = () => {
    const blocks = [100, 5000, 64, 70_000, 4096, 1].map((size) => memory.allocate(size));
    for (const at of [...blocks.slice(3), ...blocks.slice(0, 3)]) memory.release(at);
  };
  for (let i = 0; i < 64; i++) round();
  const { byteLength } = memory;
  for (let i = 0; i < 1000; i++) round();
  expect(memory.byteLength).toBe(byteLength);
});

test("a hole is filled by the next block that fits", () => {
  const memory = new Memory(false, RESERVED);
  const [a, b, c] = [640, 640, 640].map((size) => memory.allocate(size));
  memory.release(b);
  expect(memory.allocate(1000)).toBeGreaterThan(c);
  expect(memory.allocate(600)).toBe(b);
  memory.release(a);
  expect(memory.allocate(64)).toBe(a);
});

test("large blocks one after another begin at 64 different places within a page of 4,096 bytes", () => {
  const memory = new Memory(false, RESERVED);
  const offsets = Array.from({ length: 64 }, () => memory.allocate(4096) % 4096);
  expect(new Set(offsets).size).toBe(64);
  // The arrays of one call, x, dy, y: never near one another.
  for (let i = 0; i + 1 < offsets.length; i++) {
    const apart = Math.abs(offsets[i + 1] - offsets[i]);
    expect(Math.min(apart, 4096 - apart)).toBeGreaterThanOrEqual(512);
  }
});

test("after a reset the same requests get the same addresses, zeroed", () => {
  const memory = new Memory(false, RESERVED);
  const ask = () => [64, 8000, 8000, 100].map((size) => memory.allocate(size));
  const first = ask();
  for (const at of first) memory.u8[at] = 1;
  memory.reset();
  expect(memory.top).toBe(memory.base);
  expect(ask()).toEqual(first);
  for (const at of first) expect(memory.u8[at]).toBe(0);
});

test("to release an address that is no block's changes nothing", () => {
  const memory = new Memory(false, RESERVED);
  const [a, b] = [memory.allocate(64), memory.allocate(64)];
  memory.release(a + 1);
  memory.release(a);
  memory.release(a);
  expect([memory.allocate(64), memory.allocate(64)]).toEqual([a, b + 64]);
});

test("more than 2 GiB is refused, with the limit, what is in use and what to do. The rest stays usable", () => {
  const memory = new Memory(false, RESERVED);
  const a = memory.allocate(10 * 2 ** 20);
  for (const [size, mb] of [
    [2 ** 31, 2048],
    [2 ** 32, 4096],
    [2 ** 40, 1048576],
  ]) {
    const refused = () => memory.allocate(size);
    refuses(
      refused,
      "E_PLATFORM",
      "[Memory] expected",
      "MB more beside the 10 MB in use",
      "2 GiB of WebAssembly memory",
    );
    refuses(refused, "E_PLATFORM", `${mb} MB more`, "smaller batches", "another device");
  }
  expect(memory.allocate(64)).toBe(a + 10 * 2 ** 20);
});

test("a platform that has less says so, and not that the device were full", () => {
  const memory = new Memory(false, RESERVED);
  memory.wasm.grow = () => {
    throw new RangeError("no");
  };
  refuses(
    () => memory.allocate(2 ** 30),
    "E_PLATFORM",
    "1024 MB more",
    "the platform has no more memory",
    "smaller batches",
  );
});

test("where 2 GiB are not promised the limit is 1 GiB, and is named", () => {
  const { Memory: Real } = WebAssembly;
  WebAssembly.Memory = class extends Real {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if ((descriptor.maximum as number) > 16384) throw new RangeError("too much");
      super(descriptor);
    }
  };
  try {
    const memory = new Memory(false, RESERVED);
    refuses(() => memory.allocate(2 ** 30), "E_PLATFORM", "one device has at most 1 GiB");
  } finally {
    WebAssembly.Memory = Real;
  }
});
