/** A caller that is stopped from outside in the middle of a run, and goes on: Ctrl-C in a prompt of Node's does that. */
import { runInNewContext } from "node:vm";
import { WasmDevice } from "batchnorm";
import { expect, test } from "vitest";
import { command } from "#dist/kernels/command.js";
import { Arena } from "#dist/plan/arena.js";
import { started } from "../support/pool.ts";

/** Tasks that take some time, and a chain of commands whose end tells how many have run. */
function work(device: WasmDevice) {
  const arena = new Arena(device);
  const room = (count: number) => {
    const place = arena.words(count);
    device.write(place.region, 0, new Float32Array(count).fill(1));
    return place;
  };
  const [a, b, c] = [64 * 2000, 2000 * 640, 64 * 640].map(room);
  const shape = { m: 64, n: 640, k: 2000, transposeA: 0, transposeB: 0, panelsPerTask: 1 };
  const long = device.bind([command("gemm", { a, b, c, bias: null, ...shape }, 80)]);
  const [one, sum] = [room(512), room(512)];
  const args = { a: one, b: sum, sum, floor: 0, count: 512, perTask: 32 };
  const chain = device.bind(Array.from({ length: 40 }, () => command("addition", args, 16)));
  return { long, chain, sums: () => new Set(device.view(sum.region).f32) };
}

test.each([1, 3])("the next runs of a device of %d threads are right all the same", async (threads) => {
  const device = new WasmDevice({ threads });
  await started(device);
  const { long, chain, sums } = work(device);
  let done = 1;
  for (let i = 0; i < 20; i++) {
    const run = () => device.run(long);
    expect(() => runInNewContext("for (;;) run()", { run }, { timeout: 20 })).toThrow("timed out");
    for (let j = 0; j < 50; j++) {
      device.run(chain);
      done += 40;
      expect(sums()).toEqual(new Set([done]));
    }
  }
  device.close();
});
