import { type Dataset, type Evaluation, type Layer, SGD, Trainer } from "batchnorm";
import type { Statistics } from "../state/experiment.ts";
import { buildNetwork, type Network, type NetworkPlan } from "./build.ts";
import { percentilesOf, type Spread, spreadOf } from "./spread.ts";

/** Images in a batch where nothing depends on how many there are. */
const BATCH = 500;
/** Images whose values make the strips: enough for a smooth outline. */
const STRIP_IMAGES = 200;

export interface Measurement {
  /** share of the test images that are named rightly */
  readonly accuracy: number;
  /** 15th, 50th and 85th percentile of the inputs of the last hidden layer's first unit */
  readonly percentiles: readonly [number, number, number];
  /** of the inputs of each hidden layer */
  readonly spreads: readonly Spread[];
}

/** What a layer was given: [rows, units]. */
interface Inputs {
  readonly units: number;
  readonly values: Float32Array;
}

/** Runs a network on test images and looks at what goes into its activations. */
export class Observatory {
  readonly #network: Network;
  readonly #trainer: Trainer;
  /** The same network without averages, for batch norm by each batch's own statistics. */
  readonly #other: Network;
  readonly #otherTrainer: Trainer;
  readonly #images: Dataset;
  readonly #batchSize: number;
  #seen: Inputs[][] | null = null;

  /** @param batchSize  images in a batch that is normalized by its own statistics */
  constructor(plan: NetworkPlan, network: Network, trainer: Trainer, images: Dataset, batchSize: number) {
    this.#network = network;
    this.#trainer = trainer;
    this.#other = buildNetwork(plan, false);
    this.#otherTrainer = new Trainer(this.#other.model, { optimizer: new SGD({ lr: 0 }) });
    this.#images = images;
    this.#batchSize = batchSize;
    this.#watch(trainer, network.activations);
    this.#watch(this.#otherTrainer, this.#other.activations);
  }

  async measure(statistics: Statistics): Promise<Measurement> {
    this.#seen = this.#network.activations.map(() => []);
    const { accuracy } = await (statistics === "running" ? this.#withAverages() : this.#withBatches());
    const seen = this.#seen;
    this.#seen = null;
    return {
      accuracy,
      percentiles: percentilesOf(firstUnit(seen[seen.length - 1])),
      spreads: seen.map((inputs) => spreadOf(firstRows(inputs))),
    };
  }

  #withAverages(): Promise<Evaluation> {
    return this.#trainer.evaluate(this.#images, { batchSize: BATCH });
  }

  #withBatches(): Promise<Evaluation> {
    // Averages that the other network has no place for are left out; a last batch of one has no variance.
    this.#other.model.loadStateDict(this.#network.model.stateDict(), { strict: false });
    const whole = this.#images.length - (this.#images.length % this.#batchSize);
    return this.#otherTrainer.evaluate(this.#images.slice(0, whole), { batchSize: this.#batchSize });
  }

  #watch(trainer: Trainer, layers: readonly Layer[]): void {
    for (const [index, layer] of layers.entries()) {
      trainer.watch(layer, ({ input, training }) => {
        if (!training) this.#seen?.[index].push({ units: input.shape[1], values: input.data.slice() });
      });
    }
  }

  close(): void {
    void this.#otherTrainer.close();
  }
}

/** The first column of all batches together. */
function firstUnit(inputs: readonly Inputs[]): Float32Array {
  const columns = inputs.map(({ units, values }) =>
    Array.from({ length: values.length / units }, (_, row) => values[row * units]),
  );
  return Float32Array.from(columns.flat());
}

/** All values of the first rows. */
function firstRows(inputs: readonly Inputs[]): Float32Array {
  const all = inputs.reduce((sum, { values }) => sum + values.length, 0);
  const first = new Float32Array(Math.min(all, STRIP_IMAGES * inputs[0].units));
  let filled = 0;
  for (const { values } of inputs) {
    const some = values.subarray(0, first.length - filled);
    first.set(some, filled);
    filled += some.length;
  }
  return first;
}
