import { check } from "../errors.ts";
import { convFits } from "../ops/conv.ts";
import { convolution } from "../ops/convolution.ts";
import { defaultRandom } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import { Parameter } from "./parameter.ts";
import type { Plan, Value } from "./plan.ts";
import { type Pair, pair, windowedSize } from "./window.ts";

export interface Conv2dOptions {
  /** Default 1. */
  stride?: number;
  /** Zeros around the image, or [rows, columns] of them. Default 0. */
  padding?: number | Pair;
  /** Channels are cut into so many groups that do not see each other. Default 1; `inChannels` is a depthwise one. */
  groups?: number;
  /** Default true. Before a batch norm a bias does nothing: leave it out there. */
  bias?: boolean;
}

/**
 * Convolution of images with channels last: takes [N, H, W, inChannels], gives [N, H', W', outChannels] with
 * H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1.
 *
 * `weight` is [outChannels, inChannels / groups, kernel, kernel] as PyTorch's is; both parameters start uniform on
 * ±1/√(values under the kernel).
 *
 * @param kernel  its size, or [rows, columns]
 * @throws        BatchNormError E_VALUE for sizes that are no positive integers, groups that do not divide the channels,
 *                or more values under the kernel than there is room for; `forward` E_SHAPE when rank or channels do not
 *                fit or nothing would be left of the image
 */
export class Conv2d extends Layer {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: number;
  readonly padding: Pair;
  readonly groups: number;
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(inChannels: number, outChannels: number, kernel: number | Pair, options: Conv2dOptions = {}) {
    super();
    const { stride = 1, padding = 0, groups = 1, bias = true } = options;
    this.kernel = pair("Conv2d", "kernel", kernel, 1);
    this.padding = pair("Conv2d", "padding", padding, 0);
    for (const [name, n] of Object.entries({ inChannels, outChannels, stride, groups })) {
      check(
        Number.isInteger(n) && n > 0,
        "E_VALUE",
        "Conv2d",
        () => `expected a positive integer as ${name}, got ${n}`,
      );
    }
    check(inChannels % groups === 0 && outChannels % groups === 0, "E_VALUE", "Conv2d", () => {
      return `expected groups that divide ${inChannels} and ${outChannels} channels, got ${groups}`;
    });
    const [kh, kw] = this.kernel;
    const fan = (inChannels / groups) * kh * kw;
    check(convFits(kh, kw, Math.max(inChannels, outChannels) / groups, stride), "E_VALUE", "Conv2d", () => {
      return `expected fewer channels under a kernel of ${kh} × ${kw}: ${inChannels} and ${outChannels} are too many`;
    });
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.stride = stride;
    this.groups = groups;
    const uniform = () => (2 * defaultRandom.uniform() - 1) / Math.sqrt(fan);
    const shape = [outChannels, inChannels / groups, kh, kw];
    this.weight = new Parameter(new Float32Array(outChannels * fan).map(uniform), shape);
    this.bias = bias ? new Parameter(new Float32Array(outChannels).map(uniform), [outChannels]) : null;
  }

  protected override ownParameters(): Record<string, Parameter | null> {
    return { weight: this.weight, bias: this.bias };
  }

  protected override bind(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, false);
  }

  protected override takesRelu(plan: Plan): boolean {
    return !plan.differentiable;
  }

  protected override bindWithRelu(plan: Plan, x: Value): Value {
    return this.#bind(plan, x, true);
  }

  #bind(plan: Plan, x: Value, relu: boolean): Value {
    const { inChannels, outChannels, stride, padding, groups } = this;
    const [kh, kw] = this.kernel;
    check(x.shape.length === 4 && x.shape[3] === inChannels, "E_SHAPE", "Conv2d", () => {
      return `expected images [N, H, W, ${inChannels}], got shape ${formatShape(x.shape)}`;
    });
    check(x.size > 0, "E_BATCH", "Conv2d", () => `expected at least one example, got shape ${formatShape(x.shape)}`);
    const [n, h, w] = x.shape;
    const [oh, ow] = windowedSize("Conv2d", [h, w], this.kernel, stride, padding);
    const y = plan.value([n, oh, ow, outChannels]);
    const weight = plan.slot(this.weight);
    const bias = plan.slot(this.bias);
    const shape = { n, h, w, ci: inChannels, oh, ow, co: outChannels, kh, kw, stride, padding, groups };
    const values = { x: x.at, y: y.at, dy: y.grad, dx: x.grad };
    const parameters = { weight: weight.value, bias: bias.value, dweight: weight.grad, dbias: bias.grad };
    const op = convolution(plan.engine, plan.arena, shape, { ...values, ...parameters }, relu);
    plan.prepare(() => op.prepare());
    plan.add(
      () => op.forward(),
      () => op.backward(),
    );
    return y;
  }
}
