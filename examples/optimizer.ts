// An optimizer of one's own, in plain TypeScript: Lion (Chen et al. 2023), which steps by signs and remembers one array.
import { BatchNorm, Linear, ReLU, randn, Sequential, Trainer } from "batchnorm";
import { plainOptimizer } from "batchnorm/extend";

const lion = plainOptimizer({
  name: "Lion",
  lr: 0.003,
  memory: ["m"],
  step({ weight, gradient, memory: { m }, learningRate }) {
    for (let i = 0; i < weight.length; i++) {
      weight[i] -= learningRate * Math.sign(0.9 * m[i] + 0.1 * gradient[i]);
      m[i] = 0.99 * m[i] + 0.01 * gradient[i];
    }
  },
});

const model = new Sequential(new Linear(4, 32), new BatchNorm(32), new ReLU(), new Linear(32, 2));
const trainer = new Trainer(model, { optimizer: lion });
const x = randn([40, 4], { seed: 1 });
const labels = Array.from({ length: 40 }, (_, i) => Number(x.data[4 * i] * x.data[4 * i + 1] > 0));
let correct = 0;
for (let step = 0; step < 150; step++) ({ correct } = await trainer.step(x, labels));
console.log(`${correct} of 40`); // => 40 of 40
const saved = await trainer.save(); // what Lion remembers is part of it
await trainer.resume(saved);
await trainer.close();
