// Run by the tests, as one rank of several or alone: trains as the job says, and writes what came of it to <rank>.json.
// Argument: the job, as JSON.
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BatchNorm,
  Conv2d,
  Dataset,
  GlobalAveragePool,
  Linear,
  Random,
  Sequential,
  SGD,
  Tanh,
  Trainer,
} from "batchnorm";
import { mnistNetwork } from "batchnorm/models";
import { loadCheckpoint, saveCheckpoint } from "batchnorm/node";
import { connect, synchronize } from "batchnorm-mpi";

const job = JSON.parse(process.argv[2]);
const { network = "mnist", steps, batchSize = 60, sync = true, alone = false, lr = 0.1, seed = 1 } = job;
const comm = alone ? null : await connect();
const rank = comm?.rank ?? 0;

/** Examples of ten classes: each lights a part of the image of its own, with noise. */
function examples(count, shape) {
  const random = new Random(2);
  const size = shape.reduce((a, b) => a * b, 1);
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  const data = new Uint8Array(count * size);
  for (let i = 0; i < data.length; i++) {
    const lit = Math.floor((10 * (i % size)) / size) === labels[Math.floor(i / size)];
    data[i] = random.integer(lit ? 256 : 160);
  }
  return { data, labels, shape, scale: 1 / 255 };
}

const made = {
  mnist: () => ({ model: mnistNetwork({ seed: seed + rank }), data: new Dataset(examples(600, [784])) }),
  images: () => ({
    model: new Sequential(
      new Conv2d(3, 8, 3, { padding: 1, bias: false }),
      new BatchNorm(8),
      new Tanh(),
      new Conv2d(8, 16, 3, { padding: 1, stride: 2, bias: false }),
      new BatchNorm(16),
      new Tanh(),
      new Conv2d(16, 16, 3, { padding: 1, bias: false }),
      new BatchNorm(16),
      new Tanh(),
      new GlobalAveragePool(),
      new Linear(16, 10),
    ),
    data: new Dataset({
      ...examples(600, [12, 12, 3]),
      mean: [0.4, 0.4, 0.4],
      std: [0.3, 0.3, 0.3],
      augment: { crop: 1, flip: true },
    }),
  }),
};
const { model, data } = made[network]();
// The first weights are drawn from one generator for the whole program: other ones on every rank.
if (rank > 0) for (const { data } of model.parameters()) data.fill(rank);
if (sync && comm) synchronize(model, comm);

const optimizer = new SGD({ lr, momentum: 0.9 });
const trainer = new Trainer(model, { optimizer, shards: comm, seed, convolution: job.conv ?? "fast" });
if (job.checkpoint && existsSync(job.checkpoint)) await loadCheckpoint(trainer, job.checkpoint);
const losses = [];
const from = trainer.stepCount;
for await (const { step, loss } of trainer.iterate(data, { untilStep: steps, batchSize, every: 1 })) {
  losses.push(loss);
  if (job.checkpoint && step % job.saveEvery === 0) {
    if (rank === 0) await saveCheckpoint(trainer, job.checkpoint);
    comm?.barrier();
  }
  if (job.tell) console.log(JSON.stringify({ rank, step, pid: process.pid }));
}
const evaluation = await trainer.evaluate(data);
const digest = createHash("sha256")
  .update(await trainer.save())
  .digest("hex");
const state = Object.entries(model.stateDict()).map(([name, { data }]) => [name, [...data]]);
const result = { from, losses, evaluation, digest, state: rank > 0 ? [] : state };
writeFileSync(join(job.out, `${rank}.json`), JSON.stringify(result));
await trainer.close();
comm?.close();
