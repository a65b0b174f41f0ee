// Run by shards.test.ts, one thread a rank, or alone without ranks: trains as the job says, and posts what came of it.
import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import {
  Adam,
  BatchNorm,
  Conv2d,
  Dataset,
  Dropout,
  Flatten,
  gaussian,
  initialize,
  Linear,
  Random,
  ReLU,
  randn,
  Sequential,
  SGD,
  Sigmoid,
  synchronize,
  Trainer,
  tensor,
} from "batchnorm";
import { ThreadShards } from "../support/threadshards.mjs";

const { place, job } = workerData;

const networks = {
  dense: () =>
    new Sequential(
      new Linear(6, 8, { bias: false }),
      new BatchNorm(8),
      new Sigmoid(),
      new Dropout(0.25, { seed: 5 + (place?.rank ?? 0) }),
      new Linear(8, 3),
    ),
  images: () =>
    new Sequential(
      new Conv2d(2, 4, 3, { padding: 1, bias: false }),
      new BatchNorm(4),
      new ReLU(),
      new Conv2d(4, 4, 3, { padding: 1, stride: 2, bias: false }),
      new BatchNorm(4, { momentum: null }),
      new Flatten(),
      new Linear(36, 3),
    ),
};

const random = new Random(2);
const labels = Array.from({ length: 50 }, () => random.integer(3));
const datasets = {
  dense: () => new Dataset({ data: randn([50, 6], { seed: 3 }).data, shape: [6], labels }),
  images: () => {
    const data = Uint8Array.from({ length: 50 * 72 }, () => random.integer(256));
    const options = { scale: 1 / 255, mean: [0.4, 0.5], std: [0.3, 0.2], augment: { crop: 1, flip: true } };
    return new Dataset({ data, shape: [6, 6, 2], labels, ...options });
  },
};

async function train() {
  const { network = "dense", sync = true, steps, batchSize, shares, stopAt, freezeAt, other, lastBatch = "drop" } = job;
  const shards = place ? new ThreadShards(place) : null;
  const model = networks[network]();
  // Ranks start from other weights, and all get those of rank 0.
  initialize(model, gaussian(0.5), { seed: 1 + (place?.rank ?? 0) });
  if (other === "momentum") model.layers[1].momentum = 0.1 * (1 + place.rank);
  if (other === "mode") model.layers[1].training = place.rank === 0;
  if (other === "frozen" && place.rank === 1) model.layers[1].freeze();
  if (sync && shards) synchronize(model, shards);
  const optimizer = job.adam ? new Adam({ lr: 0.01 }) : new SGD({ lr: 0.1, momentum: 0.9 });
  const trainer = new Trainer(model, { optimizer, shards, seed: 4 });
  try {
    const data = datasets[network]();
    if (job.resume) await trainer.resume(job.resume);
    const losses = [];
    const interrupt = new AbortController();
    if (shares) {
      const first = shares.slice(0, place?.rank ?? 0).reduce((a, b) => a + b, 0);
      const count = place ? shares[place.rank] : shares.reduce((a, b) => a + b, 0);
      for (let i = 0; i < steps; i++) {
        const x = data.data.subarray(6 * (first + i), 6 * (first + i + count));
        const targets = labels.slice(first + i, first + i + count);
        losses.push((await trainer.step(tensor(x, [count, 6]), targets)).loss);
      }
    } else {
      const options = { untilStep: steps, batchSize, lastBatch, every: 1, signal: interrupt.signal };
      for await (const { step, loss } of trainer.iterate(data, options)) {
        losses.push(loss);
        // Everything but the last layer, for three steps.
        const frozen = freezeAt && step >= freezeAt && step < freezeAt + 3;
        for (const parameter of model.parameters().slice(0, -2)) parameter.trainable = !frozen;
        if (step === stopAt && (place?.rank ?? 0) === 1) interrupt.abort();
      }
    }
    const evaluation = await trainer.evaluate(data, { batchSize: 16 });
    const state = Object.entries(model.stateDict()).map(([name, { data }]) => [name, data]);
    const saved = await trainer.save();
    const digest = createHash("sha256").update(saved).digest("hex");
    return { losses, evaluation, state: Object.fromEntries(state), saved, digest, begun: shards?.begun };
  } finally {
    await trainer.close();
  }
}

parentPort.postMessage(await train().catch((error) => error));
