import { Arena } from "../engine/arena.ts";
import { Engine } from "../engine/engine.ts";
import { check } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { Random } from "../tensor/random.ts";
import { checkTensor, Tensor } from "../tensor/tensor.ts";
import { pack, restore } from "./checkpoint.ts";
import { Dataset } from "./dataset.ts";
import { crossEntropy } from "./loss.ts";
import type { BoundOptimizer, Optimizer } from "./optimizer.ts";
import type { Evaluation, FitOptions, Progress, StepResult, TrainerOptions, Watched } from "./options.ts";
import { Order } from "./order.ts";
import { constant, type Schedule } from "./schedule.ts";
import type { Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
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
  readonly #watchers = new Watchers();
  #stepCount = 0;

  constructor(model: Layer, options: TrainerOptions) {
    const { optimizer, loss = crossEntropy(), schedule = constant(), seed = 0, ...engineOptions } = options;
    check(optimizer !== undefined, "E_VALUE", "Trainer", () => "expected an optimizer, such as new SGD({ lr: 0.1 })");
    this.model = model;
    this.#optimizer = optimizer;
    this.#schedule = schedule;
    this.#order = new Order(seed);
    this.#random = new Random(seed);
    this.engine = new Engine(engineOptions);
    try {
      const arena = new Arena(this.engine.memory);
      this.#weights = new Weights(arena, model, optimizer);
      this.#bound = optimizer.bind(this.engine, arena, this.#weights.blocks);
      this.#sessions = new Sessions(this.engine, model, loss, {
        slotOf: (parameter) => this.#weights.slot(parameter),
        isWatched: (layer) => this.#watchers.has(layer),
      });
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
   * @param x        the batch, [N, ...]
   * @param targets  as the loss wants them: N labels, or values
   * @throws         BatchNormError E_SHAPE, E_LABEL or E_BATCH when they do not fit, before anything has changed
   */
  step(x: Tensor, targets: ArrayLike<number>): StepResult {
    checkTensor("Trainer.step", x);
    this.#checkOpen();
    const session = this.#sessions.of(x.shape, true);
    session.loss.load(targets);
    this.engine.memory.f32.set(x.data, session.input.at >> 2);
    return this.#run(session);
  }

  /**
   * Trains on a data set in shuffled batches, and reports as it goes; resumes where a checkpoint left off.
   *
   *   for await (const { step, loss } of trainer.fit(data, { epochs: 10, batchSize: 60 })) console.log(step, loss);
   *
   * @throws BatchNormError E_VALUE unless exactly one of `steps` and `epochs` is given; E_BATCH for a batch size that
   *         the data cannot fill
   */
  async *fit(data: Dataset, { steps, epochs, batchSize, every = 100, signal }: FitOptions): AsyncGenerator<Progress> {
    check(
      (steps === undefined) !== (epochs === undefined),
      "E_VALUE",
      "fit",
      () => "expected steps or epochs, one of them",
    );
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
    while (!done() && !signal?.aborted) {
      const { learningRate } = this;
      const result = this.#fitStep(data, batchSize);
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

  #fitStep(data: Dataset, batchSize: number): StepResult {
    this.#checkOpen();
    this.#sessions.of([batchSize, ...data.shape], true); // before the order moves on, for it may be refused
    const indices = this.#order.next(data.length, batchSize);
    const session = this.#sessions.filled(data, indices, true, this.#random);
    session.label(data, indices);
    return this.#run(session);
  }

  #run(session: Session): StepResult {
    const { plan, loss } = session;
    this.model.train();
    plan.forward();
    loss.run();
    plan.backward();
    this.#bound.step(this.learningRate, this.#stepCount);
    this.#stepCount++;
    this.#watchers.tell(session.plan, true, this.#stepCount);
    return { loss: loss.loss, correct: loss.correct };
  }

  /** Loss and accuracy over a data set, in eval mode. */
  evaluate(data: Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Evaluation {
    let loss = 0;
    let correct = 0;
    for (const { session, indices } of this.#pass(data, batchSize, "evaluate")) {
      session.label(data, indices);
      session.loss.run();
      loss += session.loss.loss * indices.length;
      correct += session.loss.correct;
    }
    return { loss: loss / data.length, accuracy: correct / data.length };
  }

  /**
   * What the model gives in eval mode.
   *
   * @param x  a batch, or a data set: then the results for all its examples, in their order
   * @throws   BatchNormError E_SHAPE when the model does not take it
   */
  predict(x: Tensor | Dataset, { batchSize = 500 }: { batchSize?: number } = {}): Tensor {
    if (x instanceof Dataset) return this.#predictAll(x, batchSize);
    checkTensor("Trainer.predict", x);
    this.#checkOpen();
    const session = this.#sessions.of(x.shape, false);
    this.engine.memory.f32.set(x.data, session.input.at >> 2);
    this.#forward(session);
    return new Tensor(this.#output(session).slice(), session.output.shape);
  }

  #predictAll(data: Dataset, batchSize: number): Tensor {
    let result = new Float32Array(0);
    let shape: readonly number[] = [];
    let at = 0;
    for (const { session, indices } of this.#pass(data, batchSize, "predict")) {
      const output = this.#output(session);
      if (at === 0) {
        shape = [data.length, ...session.output.shape.slice(1)];
        result = new Float32Array((data.length * output.length) / indices.length);
      }
      result.set(output, at);
      at += output.length;
    }
    return new Tensor(result, shape);
  }

  #output({ output: { at, size } }: Session): Float32Array {
    return this.engine.memory.f32.subarray(at >> 2, (at >> 2) + size);
  }

  /** A forward pass in eval mode over each batch of a data set, in order. */
  *#pass(data: Dataset, batchSize: number, where: string): Generator<{ session: Session; indices: Int32Array }> {
    check(Number.isInteger(batchSize) && batchSize > 0, "E_BATCH", where, () => {
      return `expected a positive batch size, got ${batchSize}`;
    });
    this.#checkOpen();
    for (let from = 0; from < data.length; from += batchSize) {
      const count = Math.min(batchSize, data.length - from);
      const indices = Int32Array.from({ length: count }, (_, i) => from + i);
      const session = this.#sessions.filled(data, indices, false, null);
      this.#forward(session);
      yield { session, indices };
    }
  }

  #forward({ plan }: Session): void {
    this.model.eval();
    plan.forward();
    this.#watchers.tell(plan, false, this.#stepCount);
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
