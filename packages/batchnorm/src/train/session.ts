import { type Dataset, labelsOf } from "../data/dataset.ts";
import type { Resident } from "../data/residents.ts";
import { type Device, isHost } from "../device/device.ts";
import { check } from "../errors.ts";
import type { BoundLoss, Loss } from "../losses/loss.ts";
import type { Layer } from "../module/layer.ts";
import { Arena } from "../plan/arena.ts";
import { Bound, Recent } from "../plan/bound.ts";
import type { Convolution, Operand } from "../plan/site.ts";
import { fetchSpan, Runner, type Step } from "../plan/step.ts";
import type { Outcomes } from "../shards/outcomes.ts";
import type { BatchShare } from "../shards/shards.ts";
import type { Random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Batch, gatherBatch } from "./batch.ts";
import type { GradientSums } from "./gradients.ts";
import type { Watchers } from "./watchers.ts";
import type { Weights } from "./weights.ts";

/** What sessions of one trainer have in common. */
export interface Common {
  readonly device: Device;
  readonly model: Layer;
  readonly loss: Loss;
  readonly weights: Weights;
  readonly convolution: Convolution;
  readonly watchers: Watchers;
  /** With shards. */
  readonly gradients: GradientSums | null;
  readonly outcomes: Outcomes | null;
}

/** What a run gives. */
export interface Outcome {
  readonly loss: number;
  readonly correct: number;
}

/** A program that begins with gathering a batch of one data set. */
interface Gathered {
  readonly batch: Batch;
  readonly runner: Runner;
  release(): void;
}

/** Data sets that a session has programs for. */
const MOST_DATASETS = 4;

/**
 * A model bound to one shape of input, with its loss: in training with the backward pass and the optimizer's step too, so
 * that a step is one program; in evaluation the forward pass alone.
 */
export class Session {
  readonly input: Operand;
  readonly output: Operand;
  readonly #common: Common;
  readonly #bound: Bound;
  readonly #training: boolean;
  /** The forward pass without the loss. */
  readonly #predicting: readonly Step[];
  /** Bound when labels first come: a model that only predicts may give what no loss takes. */
  #loss: BoundLoss | null = null;
  #steps: readonly Step[] = [];
  #whole: Runner | null = null;
  #forward: Runner | null = null;
  /** Of whole runs, and of forward passes alone. */
  readonly #gathered = { whole: new Recent<Gathered>(MOST_DATASETS), forward: new Recent<Gathered>(MOST_DATASETS) };
  #labels = new Int32Array(0);
  #holders = 0;
  #forgotten = false;

  constructor(common: Common, shape: readonly number[], training: boolean) {
    const { device, model, weights, convolution, watchers, gradients } = common;
    this.#common = common;
    this.#training = training;
    const wish = {
      gradients: training ? "parameters" : "none",
      evaluate: !training,
      convolution,
      constant: false,
      again: false,
    } as const;
    const listeners = { watched: watchers.layers, ...(gradients && { written: gradients.written }) };
    this.#bound = new Bound(model, shape, { device, wish, homes: weights, listeners });
    gradients?.arrange();
    this.input = this.#bound.input;
    this.output = this.#bound.output;
    try {
      for (const point of watchers.points(this.#bound, training)) this.#bound.emitter.point(point);
      this.#predicting = [...this.#bound.beforehand, ...this.#bound.forward];
      if (training) this.#bindLoss();
    } catch (error) {
      this.#bound.release();
      throw error;
    }
  }

  #bindLoss(): BoundLoss {
    const { weights, gradients, outcomes, loss } = this.#common;
    const bound = this.#bound;
    const { emitter } = bound;
    const grad = this.#training ? bound.outputGradient() : null;
    this.#loss = loss.bind(emitter, this.output, grad);
    if (this.#training) {
      if (outcomes) emitter.point(outcomes.point(this.#loss.result, emitter.state));
      bound.bindBackward();
      if (gradients) emitter.point(gradients.finish());
      weights.step(emitter);
    }
    this.#steps = [...bound.beforehand, ...bound.forward, ...bound.backward];
    return this.#loss;
  }

  /** Puts the targets of a batch in place. @throws BatchNormError when they do not fit */
  load(targets: ArrayLike<number> | ArrayLike<bigint>): void {
    (this.#loss ?? this.#bindLoss()).load(targets);
  }

  /** Puts the labels of a data set's examples in place. */
  label(data: Dataset, indices: Int32Array): void {
    const labels = labelsOf("Trainer", data);
    if (this.#labels.length !== indices.length) this.#labels = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) this.#labels[i] = labels[indices[i]];
    this.load(this.#labels);
  }

  /** Puts a batch in place. */
  fill({ data }: Tensor): void {
    this.#common.device.write(this.input.at.region, 0, data);
  }

  /** Of a share without examples there is one all the same, of zeros, which counts for nothing. */
  clear(): void {
    this.#common.device.write(this.input.at.region, 0, new Float32Array(this.input.size));
  }

  /**
   * Runs all there is, with what was put in place.
   *
   * @returns null where it is done already, as on the CPU: what it gave can be read at once, before another run may come
   */
  run(share: BatchShare, learningRate: number, stepCount: number): Promise<void> | null {
    this.#whole ??= this.#bound.runner(this.#steps);
    return this.#start(this.#whole, share, learningRate, stepCount);
  }

  /** The same on some examples of a data set, which are gathered first. */
  runOn(
    { data, at, indices, random }: { data: Dataset; at: Resident; indices: Int32Array; random: Random | null },
    share: BatchShare,
    learningRate: number,
    stepCount: number,
    withLoss = true,
  ): Promise<void> | null {
    const { batch, runner } = this.#gatheredFrom(data, at, withLoss);
    batch.choose(indices, share, random);
    return this.#start(runner, share, learningRate, stepCount);
  }

  /** The forward pass alone. */
  predict(share: BatchShare, stepCount: number): Promise<void> | null {
    this.#forward ??= this.#bound.runner(this.#predicting);
    return this.#start(this.#forward, share, 0, stepCount);
  }

  #gatheredFrom(data: Dataset, at: Resident, withLoss: boolean): Gathered {
    const { device } = this.#common;
    // The same values may be seen through several data sets, with other scales and augmentation.
    const { scale, mean, std, augment } = data;
    const key = JSON.stringify([at.id, scale, mean && Array.from(mean), std && Array.from(std), augment]);
    return this.#gathered[withLoss ? "whole" : "forward"].of(key, () => {
      const gathering: Step[] = [];
      const arena = new Arena(device);
      const batch = gatherBatch(this.#bound.apart(gathering, arena), data, at.at, this.input);
      const runner = new Runner(device, [...gathering, ...(withLoss ? this.#steps : this.#predicting)]);
      const release = () => {
        runner.release();
        arena.free();
      };
      return { batch, runner, release };
    });
  }

  #start(runner: Runner, share: BatchShare, learningRate: number, stepCount: number): Promise<void> | null {
    const { state } = this.#bound;
    state.share = share;
    state.learningRate = learningRate;
    state.stepCount = stepCount;
    this.#common.gradients?.begin(share.count === 0);
    this.#bound.prepare();
    if (!isHost(this.#common.device)) return runner.run();
    runner.runNow();
    return null;
  }

  /** Loss and correct of the last run, then their sums since `reset`. */
  async outcome(): Promise<{ last: Outcome; sum: Outcome }> {
    const values = await fetchSpan(this.#common.device, this.#result);
    const [loss, correct, sumLoss, sumCorrect] = values;
    return { last: { loss, correct }, sum: { loss: sumLoss, correct: sumCorrect } };
  }

  /** Sums begin anew. */
  reset(): void {
    const { place } = this.#result;
    this.#common.device.write(place.region, 8 * (place.offset + 2), new Float64Array(2));
  }

  get #result() {
    check(this.#loss !== null, "E_STATE", "Session", () => "expected a loss; none was bound");
    return { place: this.#loss.result, type: "f64" as const, count: 4 };
  }

  /** What the last run gave. */
  async result(): Promise<Tensor> {
    const { at: place, size: count, shape } = this.output;
    const values = await fetchSpan(this.#common.device, { place, type: "f32", count });
    return new Tensor(values as Float32Array, shape);
  }

  /** Commands of a whole run, and calls of the device that it takes. */
  get size(): { commands: number; programs: number; bytes: number } {
    this.#whole ??= this.#bound.runner(this.#steps);
    const { length: commands, programs } = this.#whole;
    return { commands, programs, bytes: this.#bound.arena.bytes };
  }

  /** The memory stays until `letGo`, though the session be forgotten before: somebody will read from it. */
  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    this.#holders--;
    if (this.#forgotten && this.#holders === 0) this.#giveBack();
  }

  /** Nobody will run it any more. */
  release(): void {
    this.#forgotten = true;
    if (this.#holders === 0) this.#giveBack();
  }

  #giveBack(): void {
    for (const gathered of Object.values(this.#gathered)) gathered.clear();
    this.#bound.release();
  }
}
