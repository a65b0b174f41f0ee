import { ReferenceDevice } from "batchnorm/reference";
import { expect, test } from "vitest";
import { addition } from "#dist/plan/addition.js";
import { Arena } from "#dist/plan/arena.js";
import { refuses } from "../support/refusal.ts";

/** A sum of 16 values, and a program that doubles it. */
function setup() {
  const device = new ReferenceDevice();
  const sum = new Arena(device).words(16);
  const twice = device.bind([addition({ a: sum, b: sum, sum }, 16)]);
  const read = async () => {
    const into = new Float32Array(16);
    await device.read(sum.region, 0, into);
    return into[0];
  };
  const fill = (value: number) => device.write(sum.region, 0, new Float32Array(16).fill(value));
  return { device, sum, twice, read, fill };
}

test("writes, runs and reads take effect in the order of the calls, however many are asked for at once", async () => {
  const { device, twice, read, fill } = setup();
  const results: Promise<number>[] = [];
  for (let i = 1; i <= 5; i++) {
    fill(i);
    device.run(twice);
    results.push(read());
    device.run(twice);
    results.push(read());
  }
  expect(await Promise.all(results)).toEqual([2, 4, 4, 8, 6, 12, 8, 16, 10, 20]);
});

test("what was written is as it was when write was called", async () => {
  const { device, sum, read } = setup();
  const values = new Float32Array(16).fill(3);
  device.write(sum.region, 0, values);
  values.fill(7);
  expect(await read()).toBe(3);
});

test("nothing is done before the caller's turn is over: only who waits sees results", async () => {
  const { device, sum, twice, fill } = setup();
  fill(1);
  device.run(twice);
  const into = new Float32Array(16);
  const reading = device.read(sum.region, 0, into);
  expect(into[0]).toBe(0);
  await Promise.resolve();
  expect(into[0]).toBe(0);
  await reading;
  expect(into[0]).toBe(2);
});

test("of what fails the next read tells", async () => {
  const { device, sum, read, fill } = setup();
  fill(1);
  device.write(sum.region, 60, new Float32Array(16));
  await expect(read()).rejects.toThrow(RangeError);
});

test("a closed device refuses runs with E_STATE; what is there may be read", async () => {
  const { device, twice, read, fill } = setup();
  fill(1);
  device.run(twice);
  device.close();
  expect(device.closed).toBe(true);
  refuses(() => device.run(twice), "E_STATE", "Make a new one");
  expect(await read()).toBe(2);
});
