import type { Memory } from "../engine/memory.ts";
import { Tensor, zeros } from "../tensor/tensor.ts";

/** Where an engine keeps a parameter and its gradient. */
export interface Home {
  memory: Memory;
  value: number;
  grad: number;
}

/** A tensor that training changes. While a trainer holds it, `data` and `grad` are views of the engine's memory. */
export class Parameter extends Tensor {
  /** False: optimizers leave it alone. */
  trainable = true;
  #grad: Tensor | null = null;
  #home: Home | null = null;
  #view: Float32Array | null = null;

  override get data(): Float32Array {
    const home = this.#home;
    if (!home) return super.data;
    const { buffer } = home.memory.f32;
    if (this.#view?.buffer !== buffer) {
      this.#view = new Float32Array(buffer, home.value, this.size);
      this.#grad = new Tensor(new Float32Array(buffer, home.grad, this.size), this.shape);
    }
    return this.#view;
  }

  /** The sum of the gradients of all backward passes since `zeroGrad`; null before the first. */
  get grad(): Tensor | null {
    if (this.#home) this.data; // renews the views where the memory has grown
    return this.#grad;
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

  /** Whether a trainer holds it. */
  get resident(): boolean {
    return this.#home !== null;
  }

  /** Moves the values into an engine's memory, or with null back to an array of its own. */
  moveTo(home: Home | null): void {
    const values = this.data;
    if (home) home.memory.f32.set(values, home.value >> 2);
    else if (this.#home) super.data.set(values);
    this.#home = home;
    this.#view = null;
    this.#grad = null;
  }
}
