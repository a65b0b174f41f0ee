import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Arena } from "#dist/engine/arena.js";
import { Memory } from "#dist/engine/memory.js";
import { Recycler } from "#dist/engine/recycler.js";

let memory: Memory;
let recycler: Recycler;
beforeEach(() => {
  memory = new Memory(false, 1000);
  recycler = new Recycler(new Arena(memory));
});

describe("a buffer", () => {
  it("is used again once it was given back", () => {
    const first = recycler.take(100);
    const second = recycler.take(100);
    expect(second).not.toBe(first);
    recycler.give(first);
    const { top } = memory;
    expect(recycler.take(100)).toBe(first);
    expect(memory.top).toBe(top);
  });

  it("is used for what is smaller, and the smallest that has room is", () => {
    const [large, small, medium] = [900, 100, 300].map((size) => recycler.take(size));
    for (const at of [large, small, medium]) recycler.give(at);
    expect(recycler.take(200)).toBe(medium);
    expect(recycler.take(200)).toBe(large);
    expect([large, small, medium]).not.toContain(recycler.take(200));
    expect(recycler.take(100)).toBe(small);
  });

  it("keeps its size when what is smaller had it", () => {
    const at = recycler.take(300);
    recycler.give(at);
    expect(recycler.take(10)).toBe(at);
    recycler.give(at);
    expect(recycler.take(300)).toBe(at);
  });

  it("is kept until the last of its readers has let go of it", () => {
    const at = recycler.take(50);
    recycler.share(at, 2);
    for (let given = 0; given < 2; given++) {
      recycler.give(at);
      expect(recycler.take(50)).not.toBe(at);
    }
    recycler.give(at);
    expect(recycler.take(50)).toBe(at);
  });

  it("has one reader again when it is used again", () => {
    const at = recycler.take(50);
    recycler.share(at, 1);
    recycler.give(at);
    recycler.give(at);
    expect(recycler.take(50)).toBe(at);
    recycler.give(at);
    expect(recycler.take(50)).toBe(at);
  });
});

it("memory from elsewhere is nobody's to give or to share, nor what was given back", () => {
  const elsewhere = new Arena(memory).floats(50);
  recycler.share(elsewhere, 1);
  recycler.give(elsewhere);
  recycler.give(0);
  const at = recycler.take(50);
  recycler.give(at);
  recycler.share(at, 1);
  recycler.give(at);
  const taken = [50, 50, 50].map((size) => recycler.take(size));
  expect(taken).not.toContain(elsewhere);
  expect(new Set(taken).size).toBe(3);
});

it("no two buffers in use overlap, whatever is taken, shared and given", () => {
  const command = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 2000 }) }),
    fc.record({ share: fc.nat() }),
    fc.record({ give: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const own = new Recycler(new Arena(new Memory(false, 1000)));
      const used: { at: number; end: number; readers: number }[] = [];
      for (const { take, share, give } of commands as { take?: number; share?: number; give?: number }[]) {
        if (take !== undefined) {
          const at = own.take(take);
          const end = at + 4 * take;
          for (const other of used) expect(end <= other.at || other.end <= at).toBe(true);
          used.push({ at, end, readers: 1 });
          continue;
        }
        if (!used.length) continue;
        const i = (share ?? (give as number)) % used.length;
        used[i].readers += share === undefined ? -1 : 1;
        if (share !== undefined) own.share(used[i].at, 1);
        else own.give(used[i].at);
        if (!used[i].readers) used.splice(i, 1);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});
