import { expect, test } from "vitest";
import { Arena } from "#dist/plan/arena.js";
import { RecordingDevice } from "../support/recording.ts";

test("regions have room for whole blocks of 16 words, or as many float64 as were asked for", () => {
  const arena = new Arena(new RecordingDevice());
  const bytes = [1, 15, 16, 17].map((count) => arena.words(count).region.bytes);
  expect(bytes).toEqual([64, 64, 64, 128]);
  expect(arena.doubles(5).region.bytes).toBe(40);
  expect(arena.bytes).toBe(64 * 3 + 128 + 40);
});

test("all of them go at once, and those of other arenas stay", () => {
  const device = new RecordingDevice();
  const [arena, other] = [new Arena(device), new Arena(device)];
  const kept = other.words(1);
  for (let i = 0; i < 10; i++) arena.allocate(100);
  expect(device.bytes).toBe(1064);
  arena.free();
  expect([...device.regions]).toEqual([kept.region]);
  expect(arena.bytes).toBe(0);
  arena.free();
  expect(device.bytes).toBe(64);
});
