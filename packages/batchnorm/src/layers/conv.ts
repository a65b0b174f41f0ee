import type { Place } from "../device/device.ts";
import { check } from "../errors.ts";
import { absorbInto } from "../module/absorb.ts";
import type { Layer, LayerNormalization } from "../module/layer.ts";
import { Operation } from "../module/operation.ts";
import { convFits, wayFor } from "../ops/convolution/index.ts";
import { checkOptions } from "../options.ts";
import type { Epilogue } from "../plan/graph.ts";
import { Parameter } from "../plan/parameter.ts";
import type { Site } from "../plan/site.ts";
import { defaultRandom } from "../tensor/random.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
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
 *                more values under the kernel than there is room for, or an unknown option; `forward` E_SHAPE when rank or channels do not
 *                fit or nothing would be left of the image
 */
export class Conv2d extends Operation {
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
    checkOptions("Conv2d", options, ["stride", "padding", "groups", "bias"]);
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

  override absorb(normalization: LayerNormalization): Layer | null {
    const { inChannels, outChannels, kernel, stride, padding, groups } = this;
    const { axis, mean } = normalization;
    if ((axis !== -1 && axis !== 3) || mean.length !== outChannels) return null;
    const copy = new Conv2d(inChannels, outChannels, kernel, { stride, padding, groups });
    absorbInto(copy, this, normalization);
    return copy;
  }

  override infer(shape: readonly number[]): readonly number[] {
    const { inChannels, outChannels, kernel, stride, padding } = this;
    check(shape.length === 4 && shape[3] === inChannels, "E_SHAPE", "Conv2d", () => {
      return `expected images [N, H, W, ${inChannels}], got shape ${formatShape(shape)}`;
    });
    check(
      sizeOf(shape) > 0,
      "E_BATCH",
      "Conv2d",
      () => `expected at least one example, got shape ${formatShape(shape)}`,
    );
    const [n, h, w] = shape;
    return [n, ...windowedSize("Conv2d", [h, w], kernel, [stride, stride], padding), outChannels];
  }

  override fuses(epilogue: Epilogue, _input: readonly number[], backward: boolean): boolean {
    return epilogue === "relu" && !backward;
  }

  override bind(site: Site): void {
    const { x } = site;
    const y = site.output();
    const [n, h, w, ci] = x.shape;
    const [, oh, ow, co] = y.shape;
    const { stride, padding, groups } = this;
    const [kh, kw] = this.kernel;
    const shape = { n, h, w, ci, oh, ow, co, kh, kw, stride, padding, groups };
    const way = wayFor(site, shape);
    const weight = site.parameter(this.weight) as Place;
    const places = { x: x.at, y: y.at, weight, bias: site.parameter(this.bias) };
    way.forward(site, shape, places, site.floor);
    site.backward([x], (dy) => {
      const dweight = site.gradientOf(this.weight);
      way.gradWeight(site, shape, places, { dy, dweight, dbias: site.gradientOf(this.bias) });
      const dx = site.gradient();
      if (dx) way.gradInput(site, shape, weight, dy, dx);
    });
  }
}
