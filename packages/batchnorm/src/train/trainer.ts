import { Arena } from "../engine/arena.ts";
import { Engine } from "../engine/engine.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { Random } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import { checkTensor, type Tensor } from "../tensor/tensor.ts";
import { pack, restore } from "./checkpoint.ts";
import { Dataset, labelsOf } from "./dataset.ts";
import { Evaluator } from "./evaluator.ts";
import { GradientSums } from "./gradients.ts";
import { crossEntropy } from "./loss.ts";
import type { BoundOptimizer, Optimizer } from "./optimizer.ts";
import type { Evaluation, FitOptions, Progress, StepResult, TrainerOptions, Watched } from "./options.ts";
import { Order } from "./order.ts";
import { broadcastModel, describe } from "./same.ts";
import { constant, type Schedule } from "./schedule.ts";
import type { Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { type BatchShare, placeOf, type Shards, shareBrought, shareOf, standIn, sumOver } from "./shards.ts";
import { Watchers } from "./watchers.ts";
import { Weights } from "./weights.ts";

/** The event loop gets a turn this often, in milliseconds. */
const TURN = 50;

/**
 * Trains a model in an engine of its own. Until `close`, the model's parameters live in the engine's memory.
 *
 *   const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), threads: 2 });
 *   const { loss } = trainer.step(x, labels);
 *
 * A step allocates no memory once its shape has been seen, and gives the same bits on any number of threads.
 *
 * @throws BatchNormError E_STATE when another trainer holds the model; E_VALUE for options out of range
 */
export class Trainer {
  readonly model: Layer;
  readonly engine: Engine;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #weights: Weights;
  readonly #bound: BoundOptimizer;
  readonly #order: Order;
  /** Decides how `fit` changes images. */
  readonly #random: Random;
  readonly #sessions: Sessions;
  readonly #evaluator: Evaluator;
  readonly #watchers = new Watchers();
  readonly #shards: Shards | null;
  readonly #gradients: GradientSums | null = null;
  #stepCount = 0;

  constructor(model: Layer, options: TrainerOptions) {
    const {
      optimizer,
      loss = crossEntropy(),
      schedule = constant(),
      seed = 0,
      shards = null,
      ...engineOptions
    } = options;
    check(optimizer !== undefined, "E_VALUE", "Trainer", () => "expected an optimizer, such as new SGD({ lr: 0.1 })");
    this.model = model;
    this.#optimizer = optimizer;
    this.#schedule = schedule;
    this.#order = new Order(seed);
    this.#random = new Random(seed);
    this.#shards = shards;
    this.engine = new Engine(engineOptions);
    try {
      if (shards) {
        const rest = { optimizer: optimizer.name, lr: optimizer.lr, loss: loss.name, seed, build: this.engine.build };
        shards.agree("the model and its training", `${describe(model)}\n${JSON.stringify(rest)}`);
        broadcastModel(shards, model);
      }
      const arena = new Arena(this.engine.memory);
      this.#weights = new Weights(arena, model, optimizer);
      this.#bound = optimizer.bind(this.engine, arena, this.#weights.blocks);
      this.#sessions = new Sessions(this.engine, model, loss, {
        slotOf: (parameter) => this.#weights.slot(parameter),
        isWatched: (layer) => this.#watchers.has(layer),
      });
      this.#evaluator = new Evaluator(model, this.engine.memory, this.#sessions, shards, (plan) => {
        this.#watchers.tell(plan, false, this.#stepCount);
      });
      if (shards) this.#gradients = new GradientSums(shards, this.engine.memory, this.#weights);
    } catch (error) {
      this.engine.close();
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
   * One step on one batch: forward, backward, and the optimizer's change of the weights.
   *
   * @param x        the batch, [N, ...]; with shards this process's share of it, which may be empty
   * @param targets  as the loss wants them: N labels, or values
   * @throws         BatchNormError E_SHAPE, E_LABEL or E_BATCH when they do not fit, before anything has changed
   */
  step(x: Tensor, targets: ArrayLike<number>): StepResult {
    checkTensor("Trainer.step", x);
    this.#checkOpen();
    const share = shareBrought(x.shape[0], this.#shards);
    check(share.total > 0, "E_BATCH", "Trainer.step", () => {
      return `expected at least one example, got shape ${formatShape(x.shape)}`;
    });
    const session = this.#sessions.of([standIn(share.count), ...x.shape.slice(1)], true);
    if (share.count > 0) session.loss.load(targets);
    this.engine.memory.f32.set(x.data, session.input.at >> 2);
    const { loss, correct } = this.#run(session, share);
    return { loss, correct };
  }

  /**
   * Trains on a data set in shuffled batches, and reports as it goes; resumes where a checkpoint left off. A call with the
   * same data set and batch size as the last goes on with its pass; with others, a new pass begins.
   *
   *   for await (const { step, loss } of trainer.fit(data, { epochs: 10, batchSize: 60 })) console.log(step, loss);
   *
   * @throws BatchNormError E_VALUE unless exactly one of `steps` and `epochs` is given; E_BATCH for a batch size that
   *         the data cannot fill; E_LABEL for data without labels
   */
  async *fit(data: Dataset, { steps, epochs, batchSize, every = 100, signal }: FitOptions): AsyncGenerator<Progress> {
    check(
      (steps === undefined) !== (epochs === undefined),
      "E_VALUE",
      "fit",
      () => "expected steps or epochs, one of them",
    );
    labelsOf("fit", data);
    check(Number.isInteger(batchSize) && batchSize > 0 && batchSize <= data.length, "E_BATCH", "fit", () => {
      return `expected a batch size from 1 to the number of examples (${data.length}), got ${batchSize}`;
    });
    check(every > 0, "E_VALUE", "fit", () => `expected to report every positive number of steps, got ${every}`);
    const end = steps ?? (epochs as number);
    check(end >= 0, "E_VALUE", "fit", () => `expected a number of steps or epochs of at least 0, got ${end}`);
    const done = () => (steps === undefined ? this.epoch : this.#stepCount) >= end;
    let loss = 0;
    let correct = 0;
    let since = 0;
    let turn = performance.now();
    // With shards, all stop where one of them is told to.
    let stopped = sumOver(this.#shards, Number(signal?.aborted ?? false)) > 0;
    while (!done() && !stopped && (this.#shards || !signal?.aborted)) {
      const { learningRate } = this;
      const result = this.#fitStep(data, batchSize, signal);
      stopped = result.stopped;
      loss += result.loss;
      correct += result.correct;
      since++;
      if (this.#stepCount % every === 0 || done()) {
        const means = { loss: loss / since, accuracy: correct / (since * batchSize) };
        yield { step: this.#stepCount, epoch: this.epoch, ...means, learningRate };
        loss = correct = since = 0;
      }
      if (performance.now() - turn > TURN) {
        await nextTurn();
        turn = performance.now();
      }
    }
  }

  #fitStep(data: Dataset, batchSize: number, signal: AbortSignal | undefined) {
    this.#checkOpen();
    const share = shareOf(batchSize, this.#shards);
    this.#sessions.of([standIn(share.count), ...data.shape], true); // before the order moves on, for it may be refused
    const indices = this.#order.next(data, batchSize).subarray(share.first, share.first + share.count);
    const session = this.#sessions.filled(data, indices, share, true, this.#random);
    if (share.count > 0) session.label(data, indices);
    return this.#run(session, share, signal);
  }

  #run(session: Session, share: BatchShare, signal?: AbortSignal): StepResult & { stopped: boolean } {
    const { plan } = session;
    plan.share = placeOf(share);
    this.model.train();
    plan.forward();
    const { loss, correct } = session.runLoss(share);
    const told = Float64Array.of(loss, correct, this.#shards && signal?.aborted ? 1 : 0);
    const telling = this.#shards?.sum(told);
    this.#gradients?.begin(plan.share.empty);
    plan.backward(this.#gradients?.written);
    this.#gradients?.finish();
    telling?.wait();
    this.#bound.step(this.learningRate, this.#stepCount);
    this.#stepCount++;
    this.#watchers.tell(session.plan, true, this.#stepCount);
    return { loss: told[0], correct: told[1], stopped: told[2] > 0 };
  }

  /** Loss and accuracy over a data set, in eval mode. With shards, each rank measures its share of every batch. */
  evaluate(data: Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Evaluation {
    this.#checkOpen();
    labelsOf("evaluate", data);
    return this.#evaluator.evaluate(data, batchSize);
  }

  /**
   * What the model gives in eval mode.
   *
   * @param x  a batch, or a data set: then the results for all its examples, in their order
   * @throws   BatchNormError E_SHAPE when the model does not take it
   */
  predict(x: Tensor | Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Tensor {
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
    return this.#watchers.add(layer, callback);
  }

  /** Everything that decides how training goes on, as the bytes of a safetensors file with a checksum. */
  save(): Uint8Array {
    this.#checkOpen();
    return pack(this.#checkpoint());
  }

  /**
   * Goes on where `save` was called: weights, running statistics, optimizer, random numbers, position in the data. Model
   * and optimizer must be made as they were then.
   *
   * @throws BatchNormError E_FORMAT for bytes that are cut off or altered, E_DICT for another model or optimizer; nothing
   *         has changed then
   */
  resume(bytes: Uint8Array): void {
    this.#checkOpen();
    this.#stepCount = restore(bytes, this.#checkpoint());
  }

  #checkpoint() {
    const { memory } = this.engine;
    const optimizer = Object.entries(this.#bound.state).flatMap(([name, addresses]) =>
      this.model.namedParameters().flatMap(([parameter, p]) => {
        const place = this.#weights.places.get(p);
        if (!place) return [];
        const start = (addresses[place.block] >> 2) + place.offset;
        return [
          [`${name}.${parameter}`, { shape: p.shape, data: memory.f32.subarray(start, start + p.size) }] as const,
        ];
      }),
    );
    return {
      step: this.#stepCount,
      optimizerName: this.#optimizer.name,
      model: this.model.stateSlots(),
      optimizer: Object.fromEntries(optimizer),
      order: this.#order,
      randoms: [this.#random, ...[...this.model.modules()].flatMap((layer) => layer.random ?? [])],
    };
  }

  /** Ends the threads and gives the model its parameters back. Further use throws E_STATE; closing again does nothing. */
  close(): void {
    if (this.engine.closed) return;
    this.#weights.release();
    this.engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    check(!this.engine.closed, "E_STATE", "Trainer", () => "expected an open trainer; this one was closed");
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}
