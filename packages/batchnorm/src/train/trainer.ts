import { Dataset, labelsOf } from "../data/dataset.ts";
import { Order } from "../data/order.ts";
import { type Device, isHost } from "../device/device.ts";
import { check } from "../errors.ts";
import { crossEntropy } from "../losses/crossentropy.ts";
import type { Layer } from "../module/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { constant, type Schedule } from "../optimizers/schedule.ts";
import { checkOptions } from "../options.ts";
import { Queue } from "../plan/queue.ts";
import { Outcomes } from "../shards/outcomes.ts";
import { broadcastModel, describe } from "../shards/same.ts";
import { type Shards, shareBrought, shareOf, standIn, sumOver } from "../shards/shards.ts";
import { Random } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { WasmDevice } from "../wasm/device.ts";
import { type Checkpoint, pack, restore } from "./checkpoint.ts";
import { Evaluator } from "./evaluator.ts";
import { checkDataset, checkParts } from "./given.ts";
import { GradientSums } from "./gradients.ts";
import type { BatchOptions, Evaluation, FitOptions, Progress, StepResult, TrainerOptions, Watched } from "./options.ts";
import { Report } from "./report.ts";
import { Sessions } from "./sessions.ts";
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
 * What needs the device's answer is a promise; on the CPU its work is done when the call returns. Calls that are not waited
 * for each give their own result, in the order in which they were made. A step allocates no memory once its shape has been
 * seen, and gives the same bits on any number of threads.
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
  readonly #outcomes: Outcomes | null;
  #stepCount = 0;
  /** On a device that has to be waited for, what is under way; on the CPU, an evaluation. */
  readonly #queue = new Queue();
  #closing: Promise<void> | null = null;

  constructor(model: Layer, options: TrainerOptions) {
    checkOptions("Trainer", options, [...KNOWN, ...OF_DEVICES]);
    const { optimizer, loss = crossEntropy(), schedule = constant(), seed = 0, shards = null } = options;
    const { convolution = "fast", device, threads, deterministic, build } = options;
    checkParts(model, { optimizer, loss, schedule, device });
    const beside = OF_DEVICES.filter((name) => device !== undefined && options[name] !== undefined);
    check(beside.length === 0, "E_VALUE", "Trainer", () => {
      return `expected ${beside.join(", ")} or a device, got both: give them to the device that you make`;
    });
    check(convolution === "fast" || convolution === "accurate", "E_VALUE", "Trainer", () => {
      return `expected convolution "fast" or "accurate", got ${JSON.stringify(convolution)}`;
    });
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
      this.#outcomes = shards && new Outcomes(shards);
      const rest = { device: this.device, watchers: this.#watchers, outcomes: this.#outcomes };
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
   * @param x        the batch, [N, ...], to be left alone until the step is done; with shards this process's share of it,
   *                 which may be empty
   * @param targets  as the loss wants them: N labels, or values
   * @throws         BatchNormError E_SHAPE, E_LABEL or E_BATCH when they do not fit, before anything has changed
   */
  async step(x: Tensor, targets: ArrayLike<number> | ArrayLike<bigint>): Promise<StepResult> {
    checkTensor("Trainer.step", x);
    this.#checkOpen();
    return this.#inTurn(() => this.#step(x, targets));
  }

  async #step(x: Tensor, targets: ArrayLike<number> | ArrayLike<bigint>): Promise<StepResult> {
    const share = shareBrought(x.shape[0], this.#shards);
    check(share.total > 0, "E_BATCH", "Trainer.step", () => {
      return `expected at least one example, got shape ${formatShape(x.shape)}`;
    });
    const session = this.#sessions.of([standIn(share.count), ...x.shape.slice(1)], true);
    if (share.count > 0) {
      session.load(targets);
      session.fill(x);
    } else session.clear();
    const running = session.run(share, this.learningRate, this.#stepCount);
    this.#begun();
    if (running) await running;
    const { loss, correct } = this.#outcomes?.take() ?? (await session.outcome()).last;
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
    checkDataset("fit", data);
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
    try {
      while (!isOver() && !stopped && (this.#shards || !signal?.aborted)) {
        const { learningRate } = this;
        this.#checkOpen();
        stopped = await this.#inTurn(() => this.#fitStep(data, batchSize, lastBatch, report, signal));
        if (this.#stepCount % every === 0 || isOver()) {
          const { loss, correct, examples } = await report.take();
          const means = { loss: loss / examples, accuracy: correct / examples };
          yield { step: this.#stepCount, epoch: this.epoch, ...means, learningRate };
        }
        if (turns.due) await turns.next();
      }
    } finally {
      report.end();
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
    const share = shareOf(this.#order.upcoming(data, batchSize, lastBatch), this.#shards);
    // Before the order moves on, for it may be refused.
    const session = this.#sessions.of([standIn(share.count), ...data.shape], true);
    const chosen = this.#order.next(data, batchSize, lastBatch);
    const indices = chosen.subarray(share.first, share.first + share.count);
    if (share.count > 0) session.label(data, indices);
    if (!this.#shards) report.watch(session);
    if (this.#outcomes) this.#outcomes.stop = signal?.aborted ?? false;
    const from = { data, at: this.#sessions.place(data), indices, random: this.#random };
    const running = session.runOn(from, share, this.learningRate, this.#stepCount);
    this.#begun();
    report.count(share.total);
    if (running) await running;
    if (!this.#outcomes) return false;
    const { loss, correct, stop } = this.#outcomes.take();
    report.add(loss * share.total, correct);
    return stop;
  }

  /** A step has been asked for. */
  #begun(): void {
    this.#stepCount++;
    this.#weights.touched();
  }

  /** Calls go one after another. On the CPU a step is done when its call returns, unless something long is under way. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    return isHost(this.device) && !this.#queue.busy ? call() : this.#queue.run(call);
  }

  /** Loss and accuracy over a data set, in eval mode. With shards, each rank measures its share of every batch. */
  async evaluate(data: Dataset, options: BatchOptions = {}): Promise<Evaluation> {
    this.#checkOpen();
    checkOptions("evaluate", options, ["batchSize"]);
    checkDataset("evaluate", data);
    const { batchSize = 500 } = options;
    // What lets the event loop have its turns is under way on the CPU, too.
    return this.#queue.run(() => this.#evaluator.evaluate(data, batchSize));
  }

  /**
   * What the model gives in eval mode.
   *
   * @param x  a batch, or a data set: then the results for all its examples, in their order
   * @throws   BatchNormError E_SHAPE when the model does not take it
   */
  async predict(x: Tensor | Dataset, options: BatchOptions = {}): Promise<Tensor> {
    this.#checkOpen();
    checkOptions("predict", options, ["batchSize"]);
    const { batchSize = 500 } = options;
    if (x instanceof Dataset) return this.#queue.run(() => this.#evaluator.predictAll(x, batchSize));
    checkTensor("Trainer.predict", x);
    return this.#inTurn(() => this.#evaluator.predict(x));
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
    this.#sessions.rebind();
    const end = this.#watchers.add(layer, callback);
    return () => {
      end();
      this.#sessions.rebind();
    };
  }

  /**
   * Reads parameters, running statistics and gradients back from a device that JavaScript cannot see into: until the next
   * step, the model's arrays have the values of the last. On the CPU they always do.
   */
  async synchronize(): Promise<void> {
    this.#checkOpen();
    if (!isHost(this.device)) await this.#queue.run(() => this.#weights.readBack());
  }

  /** Everything that decides how training goes on, as the bytes of a safetensors file with a checksum. */
  async save(): Promise<Uint8Array> {
    this.#checkOpen();
    return this.#inTurn(async () => {
      const copies = isHost(this.device) ? null : await this.#copies();
      return pack(this.#checkpoint(copies));
    });
  }

  /**
   * Goes on where `save` was called: weights, running statistics, optimizer, random numbers, position in the data. Model
   * and optimizer must be made as they were then.
   *
   * @throws BatchNormError E_FORMAT for bytes that are cut off or altered, E_DICT for another model or optimizer; nothing
   *         has changed then
   */
  async resume(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    return this.#inTurn(async () => {
      const copies = isHost(this.device) ? null : await this.#copies();
      const { step, taken } = restore(bytes, this.#checkpoint(copies));
      this.#stepCount = step;
      this.#weights.taken = taken;
    });
  }

  /** Reads all back that a checkpoint has; what the optimizer remembers. */
  async #copies(): Promise<ReadonlyMap<string, Float32Array>> {
    this.#sessions.settle();
    await this.#weights.readBack();
    return this.#weights.readMemory();
  }

  #checkpoint(copies: ReadonlyMap<string, Float32Array> | null): Checkpoint {
    this.#sessions.settle();
    return {
      step: this.#stepCount,
      taken: this.#weights.taken,
      optimizerName: this.#optimizer.name,
      model: this.model.stateSlots(),
      optimizer: this.#weights.memorySlots(copies),
      order: this.#order,
      randoms: [this.#random, ...[...this.model.modules()].flatMap((layer) => layer.random ?? [])],
    };
  }

  /**
   * Gives the model its parameters back, and ends the threads. Further use throws E_STATE; closing again does nothing. On the
   * CPU all is done when this returns.
   */
  close(): Promise<void> {
    this.#closing ??= this.#inTurn(() => this.#giveBack());
    return this.#closing;
  }

  async #giveBack(): Promise<void> {
    const { device } = this;
    // With a device that was closed before, what it had is gone, unless JavaScript can see its memory.
    const back = isHost(device) || !device.closed ? this.#weights.readBack() : null;
    if (!isHost(device)) await back;
    this.#sessions.release();
    this.#weights.release();
    if (this.#ownDevice) device.close();
    await back;
  }

  [Symbol.dispose](): void {
    void this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    check(this.#closing === null, "E_STATE", "Trainer", () => "expected an open trainer; this one was closed");
  }
}
