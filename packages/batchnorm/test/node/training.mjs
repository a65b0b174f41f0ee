// Run by killed.test.ts: trains and saves a checkpoint every three steps, on from the one that is there.
// Arguments: the checkpoint's path, and at how many steps to end ("never": when killed; "more": 30 steps from now).
import { existsSync } from "node:fs";
import {
  BatchNorm,
  Dataset,
  Dropout,
  Linear,
  Random,
  randn,
  Sequential,
  SGD,
  Sigmoid,
  stepDecay,
  Trainer,
} from "batchnorm";
import { loadCheckpoint, saveCheckpoint } from "batchnorm/node";

const [path, end] = process.argv.slice(2);
const model = new Sequential(
  new Linear(6, 16),
  new BatchNorm(16),
  new Sigmoid(),
  new Dropout(0.2, { seed: 1 }),
  new Linear(16, 3),
);
const random = new Random(2);
for (const { data } of model.parameters()) for (let i = 0; i < data.length; i++) data[i] = random.normal();
const optimizer = new SGD({ lr: 0.1, momentum: 0.9 });
const trainer = new Trainer(model, { optimizer, schedule: stepDecay({ every: 40, factor: 0.97 }) });
const data = new Dataset({
  data: randn([50, 6], { seed: 3 }).data,
  shape: [6],
  labels: Array.from({ length: 50 }, (_, i) => i % 3),
});

if (existsSync(path)) await loadCheckpoint(trainer, path);
const steps = { never: Number.POSITIVE_INFINITY, more: trainer.stepCount + 30 }[end] ?? Number(end);
for await (const { step } of trainer.iterate(data, { untilStep: steps, batchSize: 8, every: 3 })) {
  await saveCheckpoint(trainer, path);
  console.log(step);
}
