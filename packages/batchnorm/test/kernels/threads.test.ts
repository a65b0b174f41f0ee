import { WasmDevice } from "batchnorm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { specification } from "#dist/kernels/contract/index.js";
import { statistics } from "#dist/kernels/contract/statistics.js";
import { kernelNames } from "#dist/kernels/contract.js";
import { sameBytes } from "../support/data.ts";
import { runKernel } from "../support/kernel.ts";
import { started } from "../support/pool.ts";
import { specs } from "./cases/index.ts";

const builds = ["simd", "relaxed"] as const;
const devices = builds.map((build) => [1, 2, 3].map((threads) => new WasmDevice({ build, threads })));
beforeAll(() => Promise.all(devices.flat().map(started)));
afterAll(() => devices.flat().forEach((device) => void device.close()));

test("the devices have the threads they were asked for", () => {
  expect(devices.map((row) => row.map(({ threads }) => threads))).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test.each(kernelNames)("%s gives the same bits on 1, 2 and 3 threads", (name) => {
  const outs = Object.keys(specification[name].writes);
  // What is done a channel takes no time worth sharing: one thread does it, whichever comes first.
  const alone = name in statistics;
  let compared = 0;
  for (const kernelCase of specs[name].cases()) {
    const ofOneTask = kernelCase.tasks === 1;
    if (ofOneTask !== alone) continue;
    compared++;
    for (const [one, ...others] of devices) {
      const want = runKernel(one, name, kernelCase, outs);
      for (const device of others) {
        const got = runKernel(device, name, kernelCase, outs);
        const where = `${device.build}, ${device.threads} threads: ${kernelCase.label}`;
        for (const out of outs.filter((o) => want.after[o])) {
          expect(sameBytes(got.after[out], want.after[out]), `${out}, ${where}`).toBe(true);
        }
        expect(got.damage, where).toEqual([]);
      }
    }
  }
  expect(compared).toBeGreaterThan(5);
});
