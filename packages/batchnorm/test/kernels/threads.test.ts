import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "#dist/engine/engine.js";
import { specification } from "#dist/kernels/contract/index.js";
import { kernelNames } from "#dist/kernels/contract.js";
import type { WasmBuild } from "#dist/kernels/wasm.js";
import { sameBytes } from "../support/data.ts";
import { runKernel } from "../support/kernel.ts";
import { started } from "../support/pool.ts";
import { specs } from "./cases/index.ts";

const builds: WasmBuild[] = ["simd", "relaxed"];
const engines = builds.map((build) => [1, 2, 3].map((threads) => new Engine({ build, threads })));
beforeAll(() => Promise.all(engines.flat().map(started)));
afterAll(() => engines.flat().forEach((engine) => void engine.close()));

test("the engines have the threads they were asked for", () => {
  expect(engines.map((row) => row.map(({ threads }) => threads))).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test.each(kernelNames)("%s gives the same bits on 1, 2 and 3 threads", (name) => {
  const outs = Object.keys(specification[name].writes);
  let shared = 0;
  for (const kernelCase of specs[name].cases()) {
    if (kernelCase.tasks === 1) continue;
    shared++;
    for (const [one, ...others] of engines) {
      const want = runKernel(one, name, kernelCase, outs);
      for (const engine of others) {
        const got = runKernel(engine, name, kernelCase, outs);
        const where = `${engine.build}, ${engine.threads} threads: ${kernelCase.label}`;
        for (const out of outs.filter((o) => want.after[o])) {
          expect(sameBytes(got.after[out], want.after[out]), `${out}, ${where}`).toBe(true);
        }
        expect(got.damage, where).toEqual([]);
      }
    }
  }
  expect(shared).toBeGreaterThan(5);
});
