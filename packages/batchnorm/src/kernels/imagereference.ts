/** The kernels that know rows and columns, as plain loops in float64: part of the reference. */
import type { Limits } from "./contract.ts";
import { type Named, type Reference, share } from "./named.ts";

type ImageKernel =
  | "packConv"
  | "conv"
  | "convGradWeight"
  | "convGradMerge"
  | "maxPool"
  | "maxPoolGrad"
  | "averagePool"
  | "averagePoolGrad"
  | "addition"
  | "copyColumns"
  | "gatherImages";

/** For each output pixel of a task's bands and each place of the kernel: the index of the input pixel, or −1 outside. */
function forEachTap(
  args: Named<"conv">,
  task: number,
  visit: (image: number, i: number, j: number, tap: number, input: number) => void,
): void {
  const { n, h, w, oh, ow, kh, kw, stride, padTop, padLeft, rows, bandsPerTask } = args;
  const perImage = Math.ceil(oh / rows);
  const [first, end] = share(task, bandsPerTask, n * perImage);
  for (let band = first; band < end; band++) {
    const image = Math.floor(band / perImage);
    const top = (band % perImage) * rows;
    for (let i = top; i < Math.min(top + rows, oh); i++) {
      for (let j = 0; j < ow; j++) {
        for (let t = 0; t < kh * kw; t++) {
          const y = i * stride - padTop + Math.floor(t / kw);
          const x = j * stride - padLeft + (t % kw);
          visit(image, i, j, t, y < 0 || y >= h || x < 0 || x >= w ? -1 : (image * h + y) * w + x);
        }
        if (kh * kw === 0) visit(image, i, j, 0, -1);
      }
    }
  }
}

/** For each window of a task's images: its output pixel, and the input pixels in it. */
function forEachWindow(args: Named<"maxPool">, task: number, visit: (output: number, inputs: number[]) => void): void {
  const { n, h, w, oh, ow, kh, kw, strideTop, strideLeft, padTop, padLeft, imagesPerTask } = args;
  const [first, end] = share(task, imagesPerTask, n);
  for (let image = first; image < end; image++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        const inputs: number[] = [];
        for (let t = 0; t < kh * kw; t++) {
          const y = i * strideTop - padTop + Math.floor(t / kw);
          const x = j * strideLeft - padLeft + (t % kw);
          if (y >= 0 && y < h && x >= 0 && x < w) inputs.push((image * h + y) * w + x);
        }
        visit((image * oh + i) * ow + j, inputs);
      }
    }
  }
}

function clear({ dx, n, h, w, channels, imagesPerTask }: Named<"maxPool">, task: number): void {
  const [first, end] = share(task, imagesPerTask, n);
  dx.fill(0, first * h * w * channels, end * h * w * channels);
}

export const imageReference = ({ panel }: Limits): Pick<Reference, ImageKernel> => ({
  packConv({ weight, panels, groups, co, ci, kh, kw, turn, tapTop, tapLeft, tapStep }, task) {
    const [across, deep] = turn ? [ci, co] : [co, ci];
    const down = Math.ceil((kh - tapTop) / tapStep);
    const along = Math.ceil((kw - tapLeft) / tapStep);
    const perGroup = Math.ceil(across / panel);
    const group = Math.floor(task / perGroup);
    let at = task * down * along * deep * panel;
    for (let t = 0; t < down * along; t++) {
      const tap = turn ? down * along - 1 - t : t;
      const place = (tapTop + Math.floor(tap / along) * tapStep) * kw + tapLeft + (tap % along) * tapStep;
      for (let d = 0; d < deep; d++) {
        for (let lane = 0; lane < panel; lane++) {
          const a = (task % perGroup) * panel + lane;
          const [o, c] = turn ? [d, a] : [a, d];
          panels[at++] = a < across && group < groups ? weight[((group * co + o) * ci + c) * kh * kw + place] : 0;
        }
      }
    }
  },
  conv(args, task) {
    const { x, weight, bias, y, ci, co, groups, kh, kw, yh, yw, yTop, yLeft, yStep, floor } = args;
    const size = kh * kw * ci * panel;
    const sums = new Map<number, number>();
    forEachTap(args, task, (image, i, j, tap, input) => {
      const pixel = (image * yh + yTop + i * yStep) * yw + yLeft + j * yStep;
      for (let o = 0; o < groups * co; o++) {
        const group = Math.floor(o / co);
        const own = o % co;
        const place = group * Math.ceil(co / panel) + Math.floor(own / panel);
        const at = place * size + tap * ci * panel + (own % panel);
        let sum = sums.get(pixel * groups * co + o) ?? (bias.length ? bias[o] : 0);
        for (let c = 0; input >= 0 && c < ci; c++) sum += x[(input * groups + group) * ci + c] * weight[at + c * panel];
        sums.set(pixel * groups * co + o, sum);
      }
    });
    for (const [at, sum] of sums) y[at] = Math.max(sum, floor);
  },
  convGradWeight(args, task) {
    const { x, weight, y, ci, co, oh, ow, groups, kh, kw } = args;
    const size = groups * kh * kw * ci * co;
    const sums = new Float64Array(size);
    forEachTap(args, task, (image, i, j, tap, input) => {
      const output = (image * oh + i) * ow + j;
      for (let o = 0; input >= 0 && o < groups * co; o++) {
        const group = Math.floor(o / co);
        for (let c = 0; c < ci; c++) {
          const at = ((group * kh * kw + tap) * ci + c) * co + (o % co);
          sums[at] += x[(input * groups + group) * ci + c] * y[output * groups * co + o];
        }
      }
    });
    weight.set(sums, task * size);
  },
  convGradMerge({ sums, parts, grad, groups, co, ci, kh, kw }, task) {
    const taps = kh * kw;
    const perGroup = Math.ceil(co / 4);
    const group = Math.floor(task / perGroup);
    const [first, end] = share(task % perGroup, 4, co);
    for (let o = first; o < end; o++) {
      for (let c = 0; c < ci; c++) {
        for (let tap = 0; tap < taps; tap++) {
          let sum = 0;
          for (let i = 0; i < parts; i++) sum += sums[(((i * groups + group) * taps + tap) * ci + c) * co + o];
          grad[((group * co + o) * ci + c) * taps + tap] = sum;
        }
      }
    }
  },
  maxPool(args, task) {
    const { x, y, channels } = args;
    forEachWindow(args, task, (output, inputs) => {
      for (let c = 0; c < channels; c++) {
        y[output * channels + c] = Math.max(...inputs.map((input) => x[input * channels + c]));
      }
    });
  },
  maxPoolGrad(args, task) {
    const { x, y, dy, dx, channels } = args;
    clear(args, task);
    forEachWindow(args, task, (output, inputs) => {
      for (let c = 0; c < channels; c++) {
        const winner = inputs.find((input) => x[input * channels + c] === y[output * channels + c]);
        if (winner !== undefined) dx[winner * channels + c] += dy[output * channels + c];
      }
    });
  },
  averagePool(args, task) {
    const { x, y, channels, kh, kw, countPadding } = args;
    forEachWindow(args, task, (output, inputs) => {
      const count = countPadding ? kh * kw : inputs.length;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const input of inputs) sum += x[input * channels + c];
        y[output * channels + c] = sum / count;
      }
    });
  },
  averagePoolGrad(args, task) {
    const { dy, dx, channels, kh, kw, countPadding } = args;
    clear(args, task);
    forEachWindow(args, task, (output, inputs) => {
      const count = countPadding ? kh * kw : inputs.length;
      for (let c = 0; c < channels; c++) {
        for (const input of inputs) dx[input * channels + c] += dy[output * channels + c] / count;
      }
    });
  },
  addition({ a, b, sum, floor, count, perTask }, task) {
    const [first, end] = share(task, perTask, count);
    for (let i = first; i < end; i++) sum[i] = Math.max(a[i] + b[i], floor);
  },
  copyColumns({ from, to, rows, columns, fromWidth, toWidth, rowsPerTask }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let r = first; r < end; r++) {
      for (let c = 0; c < columns; c++) to[r * toWidth + c] = from[r * fromWidth + c];
    }
  },
  gatherImages({ from, places, to, scale, shift, rows, h, w, channels, rowsPerTask }, task) {
    const [first, end] = share(task, rowsPerTask, rows);
    for (let r = first; r < end; r++) {
      const [item, top, left, mirror] = places.subarray(4 * r);
      for (let i = 0; i < h * w; i++) {
        const y = top + Math.floor(i / w);
        const x = left + (mirror ? w - 1 - (i % w) : i % w);
        const pixel = y < 0 || y >= h || x < 0 || x >= w ? -1 : (item * h + y) * w + x;
        for (let c = 0; c < channels; c++) {
          const value = pixel < 0 ? 0 : from[pixel * channels + c] * scale[c] + shift[c];
          to[(r * h * w + i) * channels + c] = value;
        }
      }
    }
  },
});
