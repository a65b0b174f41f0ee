// Run with --expose-gc by memory.test.ts: 50,000 steps of a small network; prints what memory was in use along the way.
import { Adam, BatchNorm, Dropout, Linear, randn, Sequential, Sigmoid, Trainer } from "batchnorm";

const model = new Sequential(new Linear(8, 8), new BatchNorm(8), new Sigmoid(), new Dropout(0.1), new Linear(8, 3));
const trainer = new Trainer(model, { optimizer: new Adam({ lr: 0.001 }) });
const x = randn([16, 8], { seed: 1 });
const labels = Array.from({ length: 16 }, (_, i) => i % 3);
const { memory } = trainer.device;
const samples = [];
for (let step = 1; step <= 50_000; step++) {
  await trainer.step(x, labels);
  if (step % 5000 === 0) {
    globalThis.gc();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    samples.push({ heap: heapUsed + external + arrayBuffers, wasm: memory.byteLength, top: memory.top });
  }
}
console.log(JSON.stringify(samples));
