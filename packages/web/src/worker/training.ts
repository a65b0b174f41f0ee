import { Dataset, SGD, Trainer, tensor } from "batchnorm";
import { IMAGE_SIZE, type PackedDigits, unpackImages } from "../data/digits.ts";
import { buildNetwork } from "../network/build.ts";
import { type Measurement, Observatory } from "../network/observatory.ts";
import type { Point } from "../state/contestants.ts";
import type { Statistics } from "../state/experiment.ts";
import { nextMeasurement } from "./cadence.ts";
import type { Task } from "./protocol.ts";

/** Test images that are measured every time: accuracies are exact to a tenth of a per cent. */
const MEASURED = 1_000;

/** What both a training and its measurements need of the digits. */
export interface Images {
  readonly training: Dataset;
  readonly test: Dataset;
}

export function imagesOf(digits: PackedDigits): Images {
  const { trainingCount, labels } = digits;
  const part = (from: number, to: number) =>
    new Dataset({ data: unpackImages(digits, from, to), shape: [IMAGE_SIZE], labels: labels.subarray(from, to) });
  return { training: part(0, trainingCount), test: part(trainingCount, trainingCount + MEASURED) };
}

/** One network in training, a slice of time at a time. */
export class Training {
  readonly #task: Task;
  readonly #images: Images;
  readonly #trainer: Trainer;
  readonly #observatory: Observatory;
  #losses = 0;
  #since = 0;
  #next = nextMeasurement(0);
  /** The loss was not a finite number: there is nothing left to train. */
  diverged = false;
  /** How what is measured from now on normalizes. */
  statistics: Statistics;

  constructor(task: Task, images: Images) {
    const { network: plan, learningRate, batchSize, threads } = task;
    const network = buildNetwork(plan);
    this.#task = task;
    this.#images = images;
    this.statistics = task.statistics;
    this.#trainer = new Trainer(network.model, {
      optimizer: new SGD({ lr: learningRate }),
      threads,
      seed: plan.seed,
    });
    this.#observatory = new Observatory(plan, network, this.#trainer, images.test, batchSize);
  }

  get step(): number {
    return this.#trainer.stepCount;
  }

  /** What there is to see now; not a point of the curves. */
  look(): Promise<Measurement> {
    return this.#observatory.measure(this.statistics);
  }

  /**
   * Trains until so many steps have been taken in all, the time is up, or it is time to measure.
   *
   * @param deadline  as performance.now() counts
   * @returns         the measurement, where it was time for one
   */
  async slice(until: number, deadline: number): Promise<{ point: Point; measurement: Measurement } | null> {
    const { batchSize } = this.#task;
    const untilStep = Math.min(until, this.#next);
    for await (const { loss } of this.#trainer.iterate(this.#images.training, { untilStep, batchSize, every: 1 })) {
      this.#losses += loss;
      this.#since++;
      this.diverged = !Number.isFinite(loss);
      if (this.diverged || performance.now() > deadline) break;
    }
    return this.diverged || this.step < this.#next ? null : this.measured();
  }

  /** A point of the curves. */
  async measured(): Promise<{ point: Point; measurement: Measurement }> {
    const measurement = await this.look();
    const loss = this.#since === 0 ? null : this.#losses / this.#since;
    this.#losses = 0;
    this.#since = 0;
    this.#next = nextMeasurement(this.step);
    const { accuracy, percentiles } = measurement;
    return { point: { step: this.step, loss, accuracy, percentiles }, measurement };
  }

  /** How likely the network finds each digit, [10]. */
  async name(pixels: Uint8Array): Promise<Float32Array> {
    const { data: logits } = await this.#trainer.predict(tensor(Float32Array.from(pixels), [1, IMAGE_SIZE]));
    const most = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - most));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  }

  close(): void {
    this.#observatory.close();
    void this.#trainer.close();
  }
}
