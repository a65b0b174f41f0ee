import { type Device, isHost, type TypedArray } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { StateSlot } from "../layers/state.ts";
import { crossEntropy } from "../losses/crossentropy.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { checkOptions } from "../options.ts";
import { fetchSpan, type Span, viewOf } from "../plan/step.ts";
import { Random } from "../tensor/random.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { WasmDevice } from "../wasm/device.ts";
import { type Checkpoint, pack, restore } from "./checkpoint.ts";
import { Dataset, labelsOf } from "./dataset.ts";
import { Evaluator } from "./evaluator.ts";
import { GradientSums } from "./gradients.ts";
import type { Evaluation, FitOptions, Progress, StepResult, TrainerOptions, Watched } from "./options.ts";
import { Order } from "./order.ts";
import { broadcastModel, describe } from "./same.ts";
import { constant, type Schedule } from "./schedule.ts";
import type { Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { type BatchShare, type Shards, shareBrought, shareOf, standIn, sumOver } from "./shards.ts";
import { Turns } from "./turns.ts";
import { Watchers } from "./watchers.ts";
import { Weights } from "./weights.ts";

const KNOWN = ["optimizer", "loss", "schedule", "seed", "shards", "convolution", "device"] as const;
const OF_DEVICES = ["threads", "deterministic", "build"] as const;

/**
 * Trains a model on a device. Until `close`, the model's parameters and running statistics live in the device's memory.
 *
 *   const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), threads: 2 });
 *   const { loss } = await trainer.step(x, labels);
 *
 * What needs the device's answer is a promise; on the CPU its work is done when the call returns. A step allocates no
 * memory once its shape has been seen, and gives the same bits on any number of threads.
 *
 * @throws BatchNormError E_STATE when another trainer holds the model; E_VALUE for options out of range
 */
export class Trainer {
  readonly model: Layer;
  readonly device: Device;
  readonly #ownDevice: boolean;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #weights: Weights;
  readonly #order: Order;
  /** Decides how `fit` changes images. */
  readonly #random: Random;
  readonly #sessions: Sessions;
  readonly #evaluator: Evaluator;
  readonly #watchers = new Watchers();
  readonly #shards: Shards | null;
  #stepCount = 0;
  #closed = false;

  constructor(model: Layer, options: TrainerOptions) {
    checkOptions("Trainer", options, [...KNOWN, ...OF_DEVICES]);
    const { optimizer, loss = crossEntropy(), schedule = constant(), seed = 0, shards = null } = options;
    const { convolution = "fast", device, threads, deterministic, build } = options;
    check(optimizer !== undefined, "E_VALUE", "Trainer", () => "expected an optimizer, such as new SGD({ lr: 0.1 })");
    check(!shards || !device || isHost(device), "E_VALUE", "Trainer", () => {
      return `expected the CPU to train on with shards, got ${device?.build}: values travel from memory to memory`;
    });
    this.model = model;
    this.#optimizer = optimizer;
    this.#schedule = schedule;
    this.#order = new Order(seed);
    this.#random = new Random(seed);
    this.#shards = shards;
    this.#ownDevice = device === undefined;
    const own = { ...(threads !== undefined && { threads }), ...(deterministic && { deterministic }) };
    this.device = device ?? new WasmDevice({ ...own, ...(build && { build }) });
    try {
      if (shards) {
        const rest = { optimizer: optimizer.name, lr: optimizer.lr, loss: loss.name, seed, build: this.device.build };
        shards.agree("the model and its training", `${describe(model)}\n${JSON.stringify(rest)}`);
        broadcastModel(shards, model);
      }
      const weights = new Weights(this.device, model, optimizer);
      this.#weights = weights;
      const gradients = shards && new GradientSums(shards, () => weights.runs);
      const rest = { device: this.device, watchers: this.#watchers };
      this.#sessions = new Sessions({ model, loss, weights, convolution, gradients, ...rest });
      this.#evaluator = new Evaluator(model, this.#sessions, shards, () => this.#stepCount);
    } catch (error) {
      if (this.#ownDevice) this.device.close();
      throw error;
    }
  }

  /** Steps taken so far. */
  get stepCount(): number {
    return this.#stepCount;
  }

  /** Passes over the data that `fit` has completed. */
  get epoch(): number {
    return this.#order.epoch;
  }

  /** Of the next step. */
  get learningRate(): number {
    return this.#optimizer.lr * this.#schedule(this.#stepCount);
  }

  /**
   * One step on one batch: forward, backward, and the optimizer's change of the weights. Each layer does as its mode says,
   * which is train mode unless it was told otherwise.
   *
   * @param x        the batch, [N, ...]; with shards this process's share of it, which may be empty
   * @param targets  as the loss wants them: N labels, or values
   * @throws         BatchNormError E_SHAPE, E_LABEL or E_BATCH when they do not fit, before anything has changed
   */
  async step(x: Tensor, targets: ArrayLike<number> | ArrayLike<bigint>): Promise<StepResult> {
    checkTensor("Trainer.step", x);
    this.#checkOpen();
    const share = shareBrought(x.shape[0], this.#shards);
    check(share.total > 0, "E_BATCH", "Trainer.step", () => {
      return `expected at least one example, got shape ${formatShape(x.shape)}`;
    });
    const session = this.#sessions.of([standIn(share.count), ...x.shape.slice(1)], true);
    if (share.count > 0) {
      session.load(targets);
      session.fill(x);
    } else session.clear();
    const done = session.run(share, this.learningRate, this.#stepCount);
    const [loss, correct] = this.#told(await this.#taken(session, share, done), false);
    return { loss, correct };
  }

  /**
   * Trains on a data set in shuffled batches; resumes where a checkpoint left off. A call with the same data set and batch
   * size as the last goes on with its pass; with others, a new pass begins.
   *
   *   const history = await trainer.fit(data, { epochs: 10, batchSize: 60 });
   *
   * @returns what was reported, every so many steps
   * @throws  BatchNormError E_VALUE unless exactly one of `steps`, `epochs`, `untilStep` and `untilEpoch` is given; E_BATCH
   *          for a batch size that the data cannot fill; E_LABEL for data without labels
   */
  async fit(data: Dataset, options: FitOptions): Promise<Progress[]> {
    const history: Progress[] = [];
    for await (const progress of this.iterate(data, options)) history.push(progress);
    return history;
  }

  /**
   * `fit` for a loop that looks on: training goes on while the loop asks for the next report, and stops where it breaks
   * off; what has been learned stays.
   *
   *   for await (const { step, loss } of trainer.iterate(data, { epochs: 10, batchSize: 60 })) console.log(step, loss);
   */
  async *iterate(data: Dataset, options: FitOptions): AsyncGenerator<Progress> {
    const { batchSize, lastBatch = "drop", every = 100, signal } = options;
    const isOver = this.#end(options);
    labelsOf("fit", data);
    check(Number.isInteger(batchSize) && batchSize > 0 && batchSize <= data.length, "E_BATCH", "fit", () => {
      return `expected a batch size from 1 to the number of examples (${data.length}), got ${batchSize}`;
    });
    check(lastBatch === "drop" || lastBatch === "use", "E_VALUE", "fit", () => {
      return `expected lastBatch "drop" or "use", got ${JSON.stringify(lastBatch)}`;
    });
    check(every > 0, "E_VALUE", "fit", () => `expected to report every positive number of steps, got ${every}`);
    const report = new Report();
    const turns = new Turns();
    // With shards, all stop where one of them is told to.
    let stopped = sumOver(this.#shards, Number(signal?.aborted ?? false)) > 0;
    while (!isOver() && !stopped && (this.#shards || !signal?.aborted)) {
      const { learningRate } = this;
      stopped = await this.#fitStep(data, batchSize, lastBatch, report, signal);
      if (this.#stepCount % every === 0 || isOver()) {
        const means = await report.take();
        yield { step: this.#stepCount, epoch: this.epoch, ...means, learningRate };
      }
      await turns.maybe();
    }
  }

  /** Tells when to stop. */
  #end(options: FitOptions): () => boolean {
    const known = ["steps", "epochs", "untilStep", "untilEpoch", "batchSize", "lastBatch", "every", "signal"] as const;
    checkOptions("fit", options, known);
    const given = (["steps", "epochs", "untilStep", "untilEpoch"] as const).filter(
      (name) => options[name] !== undefined,
    );
    check(given.length === 1, "E_VALUE", "fit", () => {
      return `expected one of steps, epochs, untilStep and untilEpoch, got ${given.join(" and ") || "none"}`;
    });
    const [name] = given;
    const end = options[name] as number;
    check(end >= 0, "E_VALUE", "fit", () => `expected ${name} of at least 0, got ${end}`);
    const count = () => (name === "steps" || name === "untilStep" ? this.#stepCount : this.epoch);
    const last = name === "steps" || name === "epochs" ? count() + end : end;
    return () => count() >= last;
  }

  /** A step of `fit`; whether all are to stop. */
  async #fitStep(
    data: Dataset,
    batchSize: number,
    lastBatch: "drop" | "use",
    report: Report,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    this.#checkOpen();
    const share = shareOf(this.#order.upcoming(data, batchSize, lastBatch), this.#shards);
    // Before the order moves on, for it may be refused.
    const session = this.#sessions.of([standIn(share.count), ...data.shape], true);
    const chosen = this.#order.next(data, batchSize, lastBatch);
    const indices = chosen.subarray(share.first, share.first + share.count);
    if (share.count > 0) session.label(data, indices);
    if (!this.#shards) report.watch(session);
    const from = { data, at: this.#sessions.place(data), indices, random: this.#random };
    const done = session.runOn(from, share, this.learningRate, this.#stepCount);
    if (!this.#shards) {
      report.count(share.total);
      await this.#begun(done);
      return false;
    }
    const [loss, correct, stop] = this.#told(await this.#taken(session, share, done), signal?.aborted ?? false);
    report.count(share.total);
    report.add(loss * share.total, correct);
    return stop > 0;
  }

  /** A step has been asked for. */
  #begun(done: Promise<void>): Promise<void> {
    this.#stepCount++;
    this.#weights.touched();
    return done;
  }

  /** What a step gave. On the CPU it is read at once, before another step may come. */
  async #taken(session: Session, share: BatchShare, done: Promise<void>): Promise<StepResult> {
    const begun = this.#begun(done);
    // What stood in for a share without examples counts for nothing.
    if (share.count === 0) return { loss: 0, correct: 0 };
    if (isHost(this.device)) return (await session.outcome()).last;
    await begun;
    return (await session.outcome()).last;
  }

  /** Of the whole batch: with shards, all add up what they have. */
  #told({ loss, correct }: StepResult, stop: boolean): [loss: number, correct: number, stop: number] {
    const told = Float64Array.of(loss, correct, Number(stop));
    this.#shards?.sum(told).wait();
    return [told[0], told[1], told[2]];
  }

  /** Loss and accuracy over a data set, in eval mode. With shards, each rank measures its share of every batch. */
  async evaluate(data: Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Promise<Evaluation> {
    this.#checkOpen();
    return this.#evaluator.evaluate(data, batchSize);
  }

  /**
   * What the model gives in eval mode.
   *
   * @param x  a batch, or a data set: then the results for all its examples, in their order
   * @throws   BatchNormError E_SHAPE when the model does not take it
   */
  async predict(x: Tensor | Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Promise<Tensor> {
    this.#checkOpen();
    if (x instanceof Dataset) return this.#evaluator.predictAll(x, batchSize);
    checkTensor("Trainer.predict", x);
    return this.#evaluator.predict(x);
  }

  /**
   * Calls back after every forward pass, of steps and of evaluations, with what went into a layer.
   *
   * @returns a function that ends it
   * @throws  BatchNormError E_VALUE when the layer is not in the model
   */
  watch(layer: Layer, callback: (watched: Watched) => void): () => void {
    const known = [...this.model.modules()].includes(layer);
    check(known, "E_VALUE", "watch", () => "expected a layer of the trainer's model, got another");
    // What goes into the layer may not be kept, or not even made, in sessions that were bound before.
    this.#sessions.clear();
    const end = this.#watchers.add(layer, callback);
    return () => {
      end();
      this.#sessions.clear();
    };
  }

  /**
   * Reads parameters, running statistics and gradients back from a device that JavaScript cannot see into: until the next
   * step, the model's arrays have the values of the last. On the CPU they always do.
   */
  async synchronize(): Promise<void> {
    this.#checkOpen();
    if (!isHost(this.device)) await this.#weights.readBack();
  }

  /** Everything that decides how training goes on, as the bytes of a safetensors file with a checksum. */
  async save(): Promise<Uint8Array> {
    return this.#checkpointed(pack);
  }

  /**
   * Goes on where `save` was called: weights, running statistics, optimizer, random numbers, position in the data. Model
   * and optimizer must be made as they were then.
   *
   * @throws BatchNormError E_FORMAT for bytes that are cut off or altered, E_DICT for another model or optimizer; nothing
   *         has changed then
   */
  async resume(bytes: Uint8Array): Promise<void> {
    await this.#checkpointed((checkpoint) => {
      this.#stepCount = restore(bytes, checkpoint);
    });
  }

  /** Does something with all that a checkpoint has: on the CPU at once, for training may go on when this returns. */
  #checkpointed<T>(use: (checkpoint: Checkpoint) => T): T | Promise<T> {
    this.#checkOpen();
    const { device } = this;
    if (this.#weights.changed) {
      this.#sessions.clear();
      this.#weights.arrange();
    }
    const kept = this.#weights.remembered().map(([name, place, shape]): Kept => {
      return { name, shape, span: { place, type: "f32", count: sizeOf(shape) } };
    });
    if (isHost(device))
      return use(
        this.#checkpoint(
          kept,
          kept.map(({ span }) => viewOf(device, span)),
        ),
      );
    return this.#weights
      .readBack()
      .then(() => Promise.all(kept.map(({ span }) => fetchSpan(device, span))))
      .then((arrays) => use(this.#checkpoint(kept, arrays)));
  }

  /** @param arrays  what the optimizer remembers */
  #checkpoint(kept: readonly Kept[], arrays: readonly TypedArray[]): Checkpoint {
    const { device } = this;
    const optimizer = kept.map(({ name, shape, span: { place } }, i): [string, StateSlot] => {
      const write = (values: ArrayLike<number>) =>
        device.write(place.region, 4 * place.offset, Float32Array.from(values));
      return [name, { shape, data: arrays[i] as Float32Array, write }];
    });
    return {
      step: this.#stepCount,
      optimizerName: this.#optimizer.name,
      model: this.model.stateSlots(),
      optimizer: Object.fromEntries(optimizer),
      order: this.#order,
      randoms: [this.#random, ...[...this.model.modules()].flatMap((layer) => layer.random ?? [])],
    };
  }

  /**
   * Gives the model its parameters back, and ends the threads. Further use throws E_STATE; closing again does nothing. On the
   * CPU all is done when this returns.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.device.closed) {
      this.#weights.release();
      return;
    }
    const back = this.#weights.readBack();
    const end = () => {
      this.#weights.release();
      this.#sessions.clear();
      if (this.#ownDevice) this.device.close();
    };
    if (isHost(this.device)) end();
    await back;
    if (!isHost(this.device)) end();
  }

  [Symbol.dispose](): void {
    void this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    check(!this.#closed, "E_STATE", "Trainer", () => "expected an open trainer; this one was closed");
  }
}

/** What an optimizer remembers of one parameter, and where. */
interface Kept {
  readonly name: string;
  readonly shape: readonly number[];
  readonly span: Span;
}

/** Sums since the last report. They are added up on the device; only whoever reports waits for them. */
class Report {
  readonly #sessions = new Set<Session>();
  #examples = 0;
  #loss = 0;
  #correct = 0;

  /** From here on the session's runs count. */
  watch(session: Session): void {
    if (this.#sessions.has(session)) return;
    session.reset();
    this.#sessions.add(session);
  }

  count(examples: number): void {
    this.#examples += examples;
  }

  /** What is not added up on the device. */
  add(loss: number, correct: number): void {
    this.#loss += loss;
    this.#correct += correct;
  }

  /** Means since the last time. */
  async take(): Promise<{ loss: number; accuracy: number }> {
    for (const session of this.#sessions) {
      const { sum } = await session.outcome();
      this.add(sum.loss, sum.correct);
    }
    const means = { loss: this.#loss / this.#examples, accuracy: this.#correct / this.#examples };
    this.#sessions.clear();
    this.#examples = this.#loss = this.#correct = 0;
    return means;
  }
}
