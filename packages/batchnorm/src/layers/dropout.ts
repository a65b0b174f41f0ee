import { check } from "../errors.ts";
import { DropoutOp } from "../ops/dropout.ts";
import { defaultRandom, Random } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

export interface DropoutOptions {
  /** Of the masks. By default drawn from the program's generator. */
  seed?: number;
}

/**
 * In training each value is 0 with probability p and x/(1 − p) otherwise; in eval mode y = x.
 *
 * @throws BatchNormError E_VALUE unless 0 ≤ p < 1
 */
export class Dropout extends Layer {
  readonly p: number;
  readonly #random: Random;

  constructor(p = 0.5, { seed = defaultRandom.bits() }: DropoutOptions = {}) {
    super();
    check(p >= 0 && p < 1, "E_VALUE", "Dropout", () => `expected a probability in [0, 1), got ${p}`);
    this.p = p;
    this.#random = new Random(seed);
  }

  override get random(): Random {
    return this.#random;
  }

  protected override bind(plan: Plan, x: Value): Value {
    check(x.size > 0, "E_BATCH", "Dropout", () => `expected values, got shape ${formatShape(x.shape)}`);
    const y = plan.value(x.shape);
    const buffers = { x: x.at, y: y.at, dy: y.grad, dx: x.grad };
    const op = new DropoutOp(plan.engine, plan.arena, this.p, x.size, buffers);
    const { memory } = plan.engine;
    let key: number | null = null;
    let first = 0;
    plan.add(
      () => {
        key = this.training ? this.#random.bits() : null;
        first = (x.size / x.shape[0]) * plan.share.first;
        if (key !== null) op.forward(key, first);
        else memory.f32.copyWithin(y.at >> 2, x.at >> 2, (x.at >> 2) + x.size);
      },
      () => {
        if (key !== null) op.backward(key, first);
        else if (x.grad) memory.f32.copyWithin(x.grad >> 2, y.grad >> 2, (y.grad >> 2) + y.size);
      },
    );
    return y;
  }
}
