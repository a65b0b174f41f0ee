import {
  AveragePool2d,
  BatchNorm,
  Concat,
  Conv2d,
  channelsFirst,
  channelsLast,
  Flatten,
  GlobalAveragePool,
  type Layer,
  MaxPool2d,
  manualSeed,
  Residual,
  randn,
  Sequential,
  Tanh,
  tensor,
  WasmDevice,
  zeros,
} from "batchnorm";
import { describe, expect, onTestFinished, test } from "vitest";
import { builds } from "../support/builds.ts";
import { largest, largestDifference, normals } from "../support/data.ts";
import { devices, onEveryDevice, Runs } from "../support/devices.ts";
import { gradientError } from "../support/gradients.ts";
import { expectSame } from "../support/layers.ts";
import { started } from "../support/pool.ts";
import { refuses } from "../support/refusal.ts";

describe("gradients are those of central differences", () => {
  const cases: [string, () => Layer, number[]][] = [
    ["3×3", () => new Conv2d(3, 5, 3, { padding: 1 }), [2, 5, 4, 3]],
    ["5×3 at stride 2", () => new Conv2d(2, 4, [5, 3], { padding: [2, 1], stride: 2 }), [2, 7, 6, 2]],
    ["1×1 at stride 3", () => new Conv2d(3, 2, 1, { stride: 3, bias: false }), [1, 7, 8, 3]],
    ["groups", () => new Conv2d(4, 6, 3, { groups: 2 }), [2, 5, 5, 4]],
    ["depthwise", () => new Conv2d(5, 5, 3, { groups: 5, padding: 1, stride: 2 }), [2, 5, 4, 5]],
    ["Winograd", () => new Conv2d(16, 24, 3, { padding: 1, bias: false }), [1, 5, 6, 16]],
    ["Winograd with a bias", () => new Conv2d(16, 16, 3, { padding: 1 }), [1, 4, 3, 16]],
    ["average pooling", () => new AveragePool2d(3, { stride: 2, padding: 1 }), [2, 6, 5, 5]],
    ["average over what there is", () => new AveragePool2d(3, { padding: 1, countPadding: false }), [1, 4, 4, 3]],
    ["global average", () => new GlobalAveragePool(), [3, 4, 5, 6]],
    ["residual", () => new Residual(new Sequential(new Conv2d(4, 4, 3, { padding: 1 }), new Tanh())), [2, 4, 4, 4]],
    ["shortcut", () => new Residual(new Conv2d(3, 4, 1), new Conv2d(3, 4, 1)), [2, 3, 3, 3]],
    ["residual in residual", () => new Residual(new Residual(new Tanh()), new Sequential()), [2, 3, 2, 3]],
    ["branches", () => new Concat(new Conv2d(3, 2, 1), new Tanh(), new Conv2d(3, 5, 1)), [2, 3, 2, 3]],
    ["an identity among branches", () => new Concat(new Sequential(), new Tanh(), new Sequential()), [2, 3, 2, 3]],
    ["Flatten in branches", () => new Concat(new Flatten(), new Sequential(new Tanh(), new Flatten())), [2, 3, 2, 3]],
  ];
  test.each(cases)("%s", async (_, make, shape) => {
    manualSeed(3);
    for (const [name, error] of Object.entries(await gradientError(make(), shape))) {
      expect(error, name).toBeLessThan(1e-3);
    }
  });
});

/** A layer's result and gradients. */
async function results(run: Runs, make: () => Layer, shape: number[]): Promise<Float32Array[]> {
  manualSeed(4);
  const layer = make();
  const y = await run.forward(layer, randn(shape, { seed: 5 }));
  const dx = await run.backward(layer, tensor(normals(6, y.size), y.shape));
  return [y.data, dx.data, ...layer.parameters().map((p) => p.grad!.data)];
}

describe("Conv2d", () => {
  const winograd = () => new Conv2d(32, 40, 3, { padding: 1, bias: false });

  test.each([
    ["fast", 2e-5],
    ["accurate", 2e-6],
  ] as const)("is within its bound of the reference when %s", async (convolution, bound) => {
    const want = await results(new Runs(devices.reference(), "accurate"), winograd, [2, 9, 11, 32]);
    for (const build of builds) {
      for (const [i, got] of (
        await results(new Runs(devices[build](), convolution), winograd, [2, 9, 11, 32])
      ).entries()) {
        expect(largestDifference(got, want[i])).toBeLessThanOrEqual(bound * largest(want[i]));
      }
    }
  });

  test("gives the same bits on 1, 2 and 3 threads", async () => {
    for (const make of [winograd, () => new Conv2d(16, 24, 5, { stride: 2, padding: 2 })]) {
      const channels = make().parameters()[0].shape[1];
      const on = async (threads: number) => {
        const device = new WasmDevice({ threads });
        onTestFinished(() => device.close());
        await started(device);
        return results(new Runs(device), make, [8, 16, 17, channels]);
      };
      const want = await on(1);
      for (const threads of [2, 3]) {
        for (const [i, got] of (await on(threads)).entries()) expectSame(got, want[i]);
      }
    }
  });

  test("with batch norm and pooling keeps PyTorch's names and layouts", () => {
    const model = new Sequential(new Conv2d(3, 8, [3, 5]), new BatchNorm(8), new MaxPool2d(2));
    const { "0.weight": weight, ...rest } = model.stateDict();
    expect(weight.shape).toEqual([8, 3, 3, 5]);
    expect(Object.keys(rest)).toEqual([
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ]);
  });

  test("says what does not fit", () => {
    expect(() => new Conv2d(4, 6, 3, { groups: 3 })).toThrow("expected groups that divide 4 and 6 channels, got 3");
    expect(() => new Conv2d(4, 6, 0)).toThrow("[Conv2d] expected kernel of integers from 1, got 0");
    expect(() => new Conv2d(4, 6, 3, { stride: 0 })).toThrow("expected a positive integer as stride, got 0");
    const conv = new Conv2d(4, 6, 3);
    expect(() => conv.forward(randn([2, 5, 5, 3]))).toThrow("expected images [N, H, W, 4], got shape [2, 5, 5, 3]");
    expect(() => conv.forward(randn([2, 2, 5, 4]))).toThrow("to be at least as large as the kernel [3, 3]");
    expect(() => conv.forward(tensor([], [0, 5, 5, 4]))).toThrow("expected at least one example");
  });
});

onEveryDevice((run) => {
  test("MaxPool2d sends the gradient to the first of equal values", async () => {
    const pool = new MaxPool2d(2);
    expect([...(await run.forward(pool, tensor([3, 3, 1, 2], [1, 2, 2, 1]))).data]).toEqual([3]);
    expect([...(await run.backward(pool, tensor([5], [1, 1, 1, 1]))).data]).toEqual([5, 0, 0, 0]);
  });

  test("MaxPool2d adds up gradients where windows overlap", async () => {
    const pool = new MaxPool2d([1, 2], { stride: 1 });
    expect([...(await run.forward(pool, tensor([0, 9, 0], [1, 1, 3, 1]))).data]).toEqual([9, 9]);
    expect([...(await run.backward(pool, tensor([5, 7], [1, 1, 2, 1]))).data]).toEqual([0, 12, 0]);
  });

  test("windows do not overlap unless a stride says so: the stride is the kernel, along each axis", async () => {
    const x = tensor([1, 5, 3, 9, 2, 7, 4, 6, 8], [1, 1, 9, 1]);
    for (const Pool of [MaxPool2d, AveragePool2d]) expect(new Pool([1, 3]).stride).toEqual([1, 3]);
    const [max, average] = [new MaxPool2d([1, 3]), new AveragePool2d([1, 3])];
    const y = await run.forward(max, x);
    expect(y.shape).toEqual([1, 1, 3, 1]);
    expect([...y.data]).toEqual([5, 9, 8]);
    expect([...(await run.backward(max, tensor([1, 2, 3], [1, 1, 3, 1]))).data]).toEqual([0, 1, 0, 2, 0, 0, 0, 0, 3]);
    expect([...(await run.forward(average, x)).data]).toEqual([3, 6, 6]);
    const upright = tensor(x.data, [1, 9, 1, 1]);
    expect([...(await run.forward(new MaxPool2d([3, 1]), upright)).data]).toEqual([5, 9, 8]);
  });

  test("a stride of one or two numbers is taken as it is", async () => {
    const x = tensor([1, 5, 3, 9, 2, 7, 4, 6, 8], [1, 3, 3, 1]);
    expect([...(await run.forward(new MaxPool2d([1, 2], { stride: [2, 1] }), x)).data]).toEqual([5, 5, 6, 8]);
    expect([...(await run.forward(new MaxPool2d([1, 2], { stride: 1 }), x)).data]).toEqual([5, 5, 9, 7, 6, 8]);
  });
});

describe("MaxPool2d", () => {
  test("refuses padding of more than half the kernel", () => {
    expect(() => new MaxPool2d(2, { padding: 2 })).toThrow("expected padding of at most half the kernel");
  });
});

test("branches and sums that do not fit say so", () => {
  const x = randn([1, 4, 4, 3]);
  expect(() => new Concat(new Conv2d(3, 2, 1), new Conv2d(3, 2, 3)).forward(x)).toThrow("differ in channels alone");
  expect(() => new Residual(new Conv2d(3, 4, 1)).forward(x)).toThrow("expected main and shortcut of one shape");
  expect(() => new Concat()).toThrow("expected at least one branch");
});

test("channelsLast and channelsFirst take tensors of images", () => {
  for (const [name, turn] of Object.entries({ channelsLast, channelsFirst })) {
    refuses(() => turn(new Float32Array(4) as never), "E_SHAPE", `[${name}] expected a Tensor`, "got Float32Array");
    refuses(() => turn(zeros([2, 3])), "E_SHAPE", `[${name}] expected images of rank 4, got shape [2, 3]`);
  }
});

test("channelsLast and channelsFirst undo each other", () => {
  const x = randn([2, 3, 4, 5], { seed: 1 });
  const last = channelsLast(x);
  expect(last.shape).toEqual([2, 4, 5, 3]);
  expect(last.data[3 * (5 * 2 + 1) + 2]).toBe(x.data[(2 * 4 + 2) * 5 + 1]);
  expectSame(channelsFirst(last).data, x.data);
});
