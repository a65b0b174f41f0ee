/** Devices that nobody closes: their threads end once nobody can use them any more. */
import { expect, test } from "vitest";
import { linesOf } from "../support/process.ts";

/** A program that makes and forgets many of something, and waits until no thread is left. */
function forgetting(count: number, body: string): string {
  return `
    import workers from "node:worker_threads";
    import { BatchNorm, Dataset, Inference, Linear, SGD, Sequential, Trainer, WasmDevice, randn } from "batchnorm";
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { Worker } = workers;
    let threads = 0;
    let most = 0;
    workers.Worker = class extends Worker {
      constructor(...options) {
        super(...options);
        most = Math.max(most, ++threads);
        this.once("exit", () => threads--);
      }
    };
    const model = () => new Sequential(new Linear(8, 16), new BatchNorm(16), new Linear(16, 4));
    const trainer = () => new Trainer(model(), { optimizer: new SGD({ lr: 0.1 }), threads: 3 });
    const one = async () => { ${body} };
    for (let i = 0; i < ${count}; i++) {
      await one();
      if (i % 10 < 9) continue;
      globalThis.gc();
      await turn();
    }
    while (threads > 0) { globalThis.gc(); await turn(); }
    console.log(most > 0 ? "started, none left" : "never started");
  `;
}

test("200 devices of three threads each", async () => {
  const program = forgetting(200, "new WasmDevice({ threads: 3 });");
  expect(await linesOf(program, ["--expose-gc"])).toEqual(["started, none left"]);
});

const data = "new Dataset({ data: new Float32Array(320), shape: [8], labels: new Uint8Array(40) })";
test.each([
  ["trainers, with their models, after a step", "await trainer().step(randn([32, 8]), new Uint8Array(32));"],
  ["trainers after a pass over some data", `await trainer().fit(${data}, { epochs: 1, batchSize: 8 });`],
  [
    "trainers that somebody watched",
    "const t = trainer(); t.watch(t.model, () => t.stepCount); await t.step(randn([8, 8]), new Uint8Array(8));",
  ],
  [
    "trainers in the middle of a pass",
    `for await (const _ of trainer().iterate(${data}, { epochs: 9, batchSize: 8, every: 1 })) break;`,
  ],
  ["models for inference", "await new Inference(model(), { threads: 3 }).predict(randn([4, 8]));"],
])("30 %s", async (_, body) => {
  expect(await linesOf(forgetting(30, body), ["--expose-gc"])).toEqual(["started, none left"]);
});
