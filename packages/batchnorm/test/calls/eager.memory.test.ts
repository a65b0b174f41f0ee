/** Nothing is ever disposed of, so nothing may pile up. */
import { expect, test } from "vitest";
import { linesOf } from "../support/process.ts";

interface Sample {
  heap: number;
  buffers: number;
  rss: number;
  wasm: number;
}

/** Ten samples of the memory in use over a loop; what is garbage does not count, but for `rss`. */
async function samplesOf(calls: number, setup: string, call: string): Promise<Sample[]> {
  const program = `
    import { BatchNorm, Linear, Sequential, randn, tensor } from "batchnorm";
    import { borrowDevice } from "#dist/calls/eager.js";
    const x = randn([32, 64], { seed: 1 });
    ${setup}
    const samples = [];
    for (let i = 1; i <= ${calls}; i++) {
      ${call}
      if (i % ${calls / 10} === 0) {
        const { rss } = process.memoryUsage();
        const wasm = borrowDevice().memory.byteLength;
        gc();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        samples.push({ heap: heapUsed, buffers: arrayBuffers, rss, wasm });
      }
    }
    console.log(JSON.stringify(samples));
  `;
  const [line] = await linesOf(program, ["--expose-gc"]);
  return JSON.parse(line);
}

const MB = 1e6;

function expectFlat([first, ...rest]: Sample[]): void {
  for (const sample of rest) {
    // Buffers are freed a while after the collection that found them: the last calls' may still be there.
    expect(sample.heap).toBeLessThan(first.heap + MB);
    expect(sample.buffers).toBeLessThan(first.buffers + 64 * MB);
    expect(sample.rss).toBeLessThan(first.rss + 200 * MB);
    expect(sample.wasm).toBe(first.wasm);
  }
}

test("a million forward calls on [32, 64] run in bounded memory", async () => {
  const samples = await samplesOf(1_000_000, "const bn = new BatchNorm(64);", "bn.forward(x);");
  expect(samples).toHaveLength(10);
  expectFlat(samples);
});

test("so do layers in turn, with gradients, and batches of ever other sizes", async () => {
  const setup = `
    const layers = [new BatchNorm(64), new Sequential(new Linear(64, 32), new BatchNorm(32))];
    const batches = [2, 3, 5, 8, 13].map((n) => randn([n, 64]));
  `;
  const call = "const layer = layers[i % 2]; layer.backward(layer.forward(batches[i % 5])); layer.zeroGrad();";
  expectFlat(await samplesOf(4000, setup, call));
});

test("so do layers that are made, used once and dropped", async () => {
  expectFlat(await samplesOf(5000, "", "new BatchNorm(64).forward(x);"));
});

test("a layer that nobody refers to any more is collected, with all that was put aside for it", async () => {
  const lines = await linesOf(
    `
    import { BatchNorm, randn } from "batchnorm";
    const x = randn([32, 64]);
    let collected = 0;
    const registry = new FinalizationRegistry(() => { collected++; });
    for (let i = 0; i < 500; i++) {
      const bn = new BatchNorm(64);
      bn.forward(x);
      registry.register(bn, i);
    }
    // The one called last still has its place in the device.
    while (collected < 499) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { arrayBuffers } = process.memoryUsage();
    console.log(collected, arrayBuffers < 2e6);
  `,
    ["--expose-gc"],
  );
  expect(lines).toEqual(["499 true"]);
});
