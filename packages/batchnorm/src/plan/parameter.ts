import { formatShape } from "../tensor/shape.ts";
import { Tensor, zeros } from "../tensor/tensor.ts";
import { type Home, Resident } from "./resident.ts";

/** A tensor that may live on a device: while a trainer holds it, `data` is a view of the device's memory. */
export class StateTensor extends Tensor {
  readonly resident: Resident<Float32Array>;

  constructor(data: Float32Array, shape: readonly number[]) {
    super(data, shape);
    this.resident = new Resident(data);
  }

  override get data(): Float32Array {
    return this.resident.data;
  }

  /** As of any tensor; where the values are to be had, if not here. */
  override toString(): string {
    if (this.resident.readable) return super.toString();
    return `${this.constructor.name} ${formatShape(this.shape)}\non the device: await trainer.synchronize() to see it`;
  }
}

/** A tensor that training changes. */
export class Parameter extends StateTensor {
  /** False: optimizers leave it alone, and no gradient is computed for it. */
  trainable = true;
  #grad: Tensor | null = null;
  #gradient: Resident<Float32Array> | null = null;

  /** The sum of the gradients of all backward passes since `zeroGrad`; null before the first. */
  get grad(): Tensor | null {
    return this.#gradient ? new Tensor(this.#gradient.data, this.shape) : this.#grad;
  }

  /** The gradients of a trainer's steps, on its device. */
  get gradient(): Resident<Float32Array> | null {
    return this.#gradient;
  }

  /** Adds a gradient. */
  accumulate(values: Float32Array): void {
    this.#grad ??= zeros(this.shape);
    const grad = this.#grad.data;
    for (let i = 0; i < grad.length; i++) grad[i] += values[i];
  }

  zeroGrad(): void {
    this.grad?.data.fill(0);
  }

  /** Where the gradients of a trainer's steps are; null: here, as eager calls leave them. */
  gradientsAt(home: Home | null): void {
    this.#grad = null;
    this.#gradient = home && new Resident(new Float32Array(this.size));
    this.#gradient?.moveTo(home as Home);
  }
}
