import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Place } from "#dist/device/device.js";
import { Arena } from "#dist/plan/arena.js";
import { Recycler } from "#dist/plan/recycler.js";
import { RecordingDevice } from "../support/recording.ts";

let device: RecordingDevice;
let arena: Arena;
let recycler: Recycler;
beforeEach(() => {
  device = new RecordingDevice();
  arena = new Arena(device);
  recycler = new Recycler(arena);
});

const same = (a: Place, b: Place) => a.region === b.region && a.offset === b.offset;

describe("a buffer", () => {
  it("is used again once it was given back", () => {
    const [first, second] = [recycler.take(100), recycler.take(100)];
    expect(same(first, second)).toBe(false);
    recycler.give(first);
    const { bytes } = device;
    expect(same(recycler.take(100), first)).toBe(true);
    expect(device.bytes).toBe(bytes);
  });

  it("is used for what is smaller, and the smallest that has room is", () => {
    const [large, small, medium] = [900, 100, 300].map((count) => recycler.take(count));
    for (const place of [large, small, medium]) recycler.give(place);
    expect(same(recycler.take(200), medium)).toBe(true);
    expect(same(recycler.take(200), large)).toBe(true);
    const another = recycler.take(200);
    expect([large, small, medium].some((place) => same(place, another))).toBe(false);
    expect(same(recycler.take(100), small)).toBe(true);
  });

  it("keeps its size when what is smaller had it", () => {
    const place = recycler.take(300);
    recycler.give(place);
    expect(same(recycler.take(10), place)).toBe(true);
    recycler.give(place);
    expect(same(recycler.take(300), place)).toBe(true);
  });

  it("is kept until the last of its users has let go of it", () => {
    const place = recycler.take(50);
    for (let more = 0; more < 2; more++) recycler.share(place);
    for (let given = 0; given < 2; given++) {
      recycler.give(place);
      expect(same(recycler.take(50), place)).toBe(false);
    }
    recycler.give(place);
    expect(same(recycler.take(50), place)).toBe(true);
  });

  it("has one user when it is taken, also when it is taken again", () => {
    const place = recycler.take(50);
    expect(recycler.alone(place)).toBe(true);
    recycler.share(place);
    expect(recycler.alone(place)).toBe(false);
    recycler.give(place);
    expect(recycler.alone(place)).toBe(true);
    recycler.give(place);
    expect(recycler.alone(place)).toBe(false);
    expect(same(recycler.take(50), place)).toBe(true);
    expect(recycler.alone(place)).toBe(true);
    recycler.give(place);
    expect(same(recycler.take(50), place)).toBe(true);
  });

  it("is the same wherever in it a place is", () => {
    const place = recycler.take(50);
    const within = { region: place.region, offset: 7 };
    recycler.share(within);
    expect(recycler.alone(place)).toBe(false);
    recycler.give(within);
    recycler.give(place);
    expect(same(recycler.take(50), place)).toBe(true);
  });
});

it("memory from elsewhere is nobody's to give, to share or to write over, nor what was given back", () => {
  const elsewhere = arena.words(50);
  expect(recycler.alone(elsewhere)).toBe(false);
  recycler.share(elsewhere);
  recycler.give(elsewhere);
  expect(recycler.alone(elsewhere)).toBe(false);
  const place = recycler.take(50);
  recycler.give(place);
  recycler.share(place);
  recycler.give(place);
  const taken = [50, 50, 50].map((count) => recycler.take(count));
  expect(taken.some(({ region }) => region === elsewhere.region)).toBe(false);
  expect(new Set(taken.map(({ region }) => region)).size).toBe(3);
});

it("no two buffers in use are one, each has the room it was taken for, whatever is taken, shared and given", () => {
  const command = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 2000 }) }),
    fc.record({ share: fc.nat() }),
    fc.record({ give: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const own = new Recycler(new Arena(new RecordingDevice()));
      const used: { place: Place; users: number }[] = [];
      for (const { take, share, give } of commands as { take?: number; share?: number; give?: number }[]) {
        if (take !== undefined) {
          const place = own.take(take);
          expect(place.region.bytes).toBeGreaterThanOrEqual(4 * take);
          for (const other of used) expect(other.place.region === place.region).toBe(false);
          used.push({ place, users: 1 });
        } else if (used.length) {
          const i = (share ?? (give as number)) % used.length;
          const each = used[i];
          each.users += share === undefined ? -1 : 1;
          if (share !== undefined) own.share(each.place);
          else own.give(each.place);
          expect(own.alone(each.place)).toBe(each.users === 1);
          if (!each.users) used.splice(i, 1);
        }
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});
