// Ranks that are threads of one process: what MPI is to processes, for tests.
import { Worker } from "node:worker_threads";

const CAPACITY = 1 << 16;

/** What threads need to be `size` ranks together. */
export function ranksOf(size) {
  const control = new Int32Array(new SharedArrayBuffer(8));
  const slots = new Float64Array(new SharedArrayBuffer(8 * size * CAPACITY));
  return Array.from({ length: size }, (_, rank) => ({ rank, size, control, slots }));
}

/** Sums are made of what was there when they began, and are in place when they were waited for, not before. */
export class ThreadShards {
  constructor({ rank, size, control, slots }) {
    Object.assign(this, { rank, size, control, slots });
    this.begun = 0;
  }

  barrier() {
    const { control, size } = this;
    const round = Atomics.load(control, 1);
    if (Atomics.add(control, 0, 1) === size - 1) {
      Atomics.store(control, 0, 0);
      Atomics.add(control, 1, 1);
      Atomics.notify(control, 1);
    } else while (Atomics.load(control, 1) === round) Atomics.wait(control, 1, round, 1000);
  }

  gather(values) {
    const { rank, size, slots } = this;
    if (values.length > CAPACITY) throw new Error(`expected at most ${CAPACITY} values, got ${values.length}`);
    slots.set(values, rank * CAPACITY);
    this.barrier();
    const all = new Float64Array(size * values.length);
    for (let r = 0; r < size; r++) {
      all.set(slots.subarray(r * CAPACITY, r * CAPACITY + values.length), r * values.length);
    }
    this.barrier();
    return all;
  }

  sum(values) {
    const before = Float64Array.from(values);
    this.begun++;
    return {
      wait: () => {
        const all = this.gather(before);
        values.fill(0);
        for (let i = 0; i < all.length; i++) values[i % before.length] += all[i];
      },
    };
  }

  broadcast(values) {
    values.set(this.gather(Float64Array.from(values)).subarray(0, values.length));
  }

  agree(what, text) {
    const sum = Float64Array.of([...text].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) % 2 ** 40, text.length));
    if (this.gather(sum).some((other) => other !== sum[0])) throw new Error(`ranks differ in ${what}`);
  }
}

/** Runs a job of a script on so many ranks; gives what each of them has posted, in their order. */
export function onRanks(script, size, job) {
  const results = ranksOf(size).map(
    (place) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL(script), { workerData: { place, job } });
        worker.on("message", (result) => {
          if (result instanceof Error) reject(result);
          else resolve(result);
        });
        worker.on("error", reject);
      }),
  );
  return Promise.all(results);
}
