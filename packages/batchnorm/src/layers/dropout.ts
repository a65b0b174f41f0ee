import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import { Operation } from "../module/operation.ts";
import { dropout, type Mask } from "../ops/dropout.ts";
import { checkOptions } from "../options.ts";
import type { Site } from "../plan/site.ts";
import { defaultRandom, Random } from "../tensor/random.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { Identity } from "./identity.ts";

export interface DropoutOptions {
  /** Of the masks. By default drawn from the program's generator. */
  seed?: number;
}

/**
 * In training each value is 0 with probability p and x/(1 − p) otherwise; in eval mode y = x.
 *
 * @throws BatchNormError E_VALUE unless 0 ≤ p < 1, or for an unknown option
 */
export class Dropout extends Operation {
  readonly p: number;
  readonly #random: Random;

  constructor(p = 0.5, options: DropoutOptions = {}) {
    super();
    checkOptions("Dropout", options, ["seed"]);
    const { seed = defaultRandom.bits() } = options;
    check(p >= 0 && p < 1, "E_VALUE", "Dropout", () => `expected a probability in [0, 1), got ${p}`);
    this.p = p;
    this.#random = new Random(seed);
  }

  override get random(): Random {
    return this.#random;
  }

  override forInference(): Layer {
    return new Identity();
  }

  override infer(shape: readonly number[]): readonly number[] {
    check(sizeOf(shape) > 0, "E_BATCH", "Dropout", () => `expected values, got shape ${formatShape(shape)}`);
    return shape;
  }

  override bind(site: Site): void {
    const { x } = site;
    if (!site.training(this)) {
      site.alias(0);
      site.backward([], (dy) => site.pass(dy));
      return;
    }
    const y = site.output(0);
    const each = x.size / x.shape[0];
    const key = site.number("i32", () => this.#random.bits());
    const mask: Mask = { p: this.p, key, first: site.number("i32", () => each * site.state.share.first) };
    dropout(site, mask, { x: x.at, y: y.at }, x.size);
    site.backward([], (dy) => {
      const dx = site.gradient(0, dy);
      if (dx) dropout(site, mask, { x: dy, y: dx }, x.size);
    });
  }
}
