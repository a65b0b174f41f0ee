/** Several ranks train one model as one process does: the same losses, weights and checkpoints, whoever has which examples. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { onRanks } from "../support/threadshards.mjs";

interface Job {
  network?: "dense" | "images";
  steps: number;
  batchSize?: number;
  /** Examples that each rank brings to `step`, instead of what `fit` gives it. */
  shares?: number[];
  sync?: boolean;
  adam?: boolean;
  resume?: Uint8Array;
  /** Rank 1 aborts after this step. */
  stopAt?: number;
  /** Everything but the last layer is frozen for three steps after this one. */
  freezeAt?: number;
  lastBatch?: "drop" | "use";
  /** What of the model is not the same on every rank. */
  other?: "momentum" | "mode" | "frozen";
}

interface Result {
  losses: number[];
  evaluation: { loss: number; accuracy: number };
  state: Record<string, Float32Array>;
  saved: Uint8Array;
  digest: string;
  begun: number;
}

const script = new URL("./shards.worker.mjs", import.meta.url).href;
const together = (size: number, job: Job) => onRanks(script, size, job) as Promise<Result[]>;

/** One process, no shards. */
function alone(job: Job): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(script), { workerData: { job } });
    worker.on("message", (result) => (result instanceof Error ? reject(result) : resolve(result)));
    worker.on("error", reject);
  });
}

/** The largest difference of any value, relative to the largest value of its array. */
function distance(a: Result, b: Result): number {
  const relative = (x: ArrayLike<number>, y: ArrayLike<number>) => {
    let most = 0;
    let apart = 0;
    for (let i = 0; i < x.length; i++) {
      most = Math.max(most, Math.abs(x[i]));
      apart = Math.max(apart, Math.abs(x[i] - y[i]));
    }
    return apart && apart / most;
  };
  const arrays = Object.keys(a.state).map((name) => relative(a.state[name], b.state[name]));
  const evaluations = relative(Object.values(a.evaluation), Object.values(b.evaluation));
  return Math.max(relative(a.losses, b.losses), evaluations, ...arrays);
}

const FEW = { steps: 30, batchSize: 12 } as const;

describe.each(["dense", "images"] as const)("a network of the kind %s", (network) => {
  it("has the same bits on one rank as without", async () => {
    const job = { network, ...FEW };
    const [rank] = await together(1, job);
    expect(rank.digest).toBe((await alone(job)).digest);
  });

  it.each([2, 3, 5])("trains as on one process on %d ranks, each rank with the same bits", async (size) => {
    const job = { network, ...FEW };
    const [whole, ranks] = await Promise.all([alone(job), together(size, job)]);
    expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
    expect(distance(whole, ranks[0])).toBeLessThan(5e-6);
    expect(distance(whole, ranks[size - 1])).toBeLessThan(5e-6);
  });

  it("does so while parameters are frozen and unfrozen, and with smaller last batches", async () => {
    const job = { network, steps: 20, batchSize: 12, freezeAt: 8, lastBatch: "use" } as const;
    const [whole, plain, ranks] = await Promise.all([alone(job), alone({ ...job, freezeAt: 0 }), together(3, job)]);
    expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
    expect(distance(whole, ranks[0])).toBeLessThan(5e-6);
    expect(distance(plain, whole)).toBeGreaterThan(1e-3);
  });

  it("does not without synchronized statistics", async () => {
    const job = { network, ...FEW };
    const [whole, [rank]] = await Promise.all([alone(job), together(3, { ...job, sync: false })]);
    expect(distance(whole, rank)).toBeGreaterThan(1e-3);
  });

  it("takes a batch of fewer examples than ranks: some have none", async () => {
    const job = { network, steps: 10, batchSize: 3 };
    const [whole, ranks] = await Promise.all([alone(job), together(5, job)]);
    expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
    expect(distance(whole, ranks[0])).toBeLessThan(5e-6);
  });
});

it("has the same bits from run to run", async () => {
  const [one, other] = await Promise.all([together(3, FEW), together(3, FEW)]);
  expect(one[0].digest).toBe(other[0].digest);
});

it.each([[[4, 4, 4]], [[1, 7, 4]], [[0, 11, 1]], [[12, 0, 0]]])(
  "takes the shares %j that ranks bring",
  async (shares) => {
    const job = { steps: 20, shares };
    const [whole, ranks] = await Promise.all([alone(job), together(3, job)]);
    expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
    expect(distance(whole, ranks[0])).toBeLessThan(5e-6);
  },
);

it("goes on from a checkpoint with another number of ranks", async () => {
  const half = await together(3, { ...FEW, steps: 15, adam: true });
  const whole = await together(3, { ...FEW, adam: true });
  const resume = half[2].saved;
  const [same, fewer, one] = await Promise.all([
    together(3, { ...FEW, adam: true, resume }),
    together(2, { ...FEW, adam: true, resume }),
    alone({ ...FEW, adam: true, resume }),
  ]);
  expect(same[0].digest).toBe(whole[0].digest);
  const rest = { ...whole[0], losses: whole[0].losses.slice(15) };
  expect(distance(rest, fewer[0])).toBeLessThan(5e-6);
  expect(distance(rest, one)).toBeLessThan(5e-6);
});

it("stops everywhere after the step in which one rank was told to", async () => {
  const ranks = await together(3, { ...FEW, stopAt: 7 });
  // Rank 1 hears of it after step 7 and says so with the next.
  expect(ranks.map(({ losses }) => losses.length)).toEqual([8, 8, 8]);
});

it.each(["momentum", "mode", "frozen"] as const)("refuses ranks with different models: another %s", async (other) => {
  await expect(together(2, { ...FEW, other })).rejects.toThrow("ranks differ in the model and its training");
});
