/** Ghost batch norm: each group of examples is a batch of its own. */
import { BatchNorm, estimatePopulation, type Parameter, ReLU, Sequential, type Tensor, tensor } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { onEveryDevice } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor } from "../support/layers.ts";
import { refuses } from "../support/refusal.ts";

const C = 5;
const examples = (x: Tensor, from: number, to: number) => {
  const each = x.size / x.shape[0];
  return tensor(x.data.slice(from * each, to * each), [to - from, ...x.shape.slice(1)]);
};
const shuffled = (bn: BatchNorm) => {
  for (const p of [bn.weight, bn.bias] as Parameter[]) p.data.set(gaussianTensor(p === bn.bias ? 8 : 9, [C]).data);
  return bn;
};

onEveryDevice((run) => {
  describe.each([
    ["[N, C]", [10, C], -1],
    ["[N, H, W, C]", [10, 3, 2, C], -1],
    ["[N, C, H, W]", [10, C, 3, 2], 1],
  ] as const)("%s", (_, shape, axis) => {
    const x = gaussianTensor(1, [...shape], 3, 2);
    const dy = gaussianTensor(2, [...shape]);

    test.each([10, 11, 6])(
      "a group of the whole batch is plain batch norm: virtualBatchSize %d",
      async (virtualBatchSize) => {
        const ghost = shuffled(new BatchNorm(C, { axis, virtualBatchSize }));
        const plain = shuffled(new BatchNorm(C, { axis }));
        expectSame((await run.forward(ghost, x)).data, (await run.forward(plain, x)).data);
        expectSame((await run.backward(ghost, dy)).data, (await run.backward(plain, dy)).data);
        for (const [name, { data }] of Object.entries(plain.stateDict()))
          expectSame(ghost.stateDict()[name].data, data);
        for (const [i, p] of plain.parameters().entries()) {
          expectSame((ghost.parameters()[i].grad as Tensor).data, (p.grad as Tensor).data);
        }
      },
    );

    test("ten examples by fours are a batch of four and one of six, one after the other", async () => {
      const ghost = shuffled(new BatchNorm(C, { axis, virtualBatchSize: 4 }));
      const plain = shuffled(new BatchNorm(C, { axis }));
      const [y, dx] = [await run.forward(ghost, x), await run.backward(ghost, dy)];
      for (const [from, to] of [
        [0, 4],
        [4, 10],
      ]) {
        expectSame((await run.forward(plain, examples(x, from, to))).data, examples(y, from, to).data);
        expectSame((await run.backward(plain, examples(dy, from, to))).data, examples(dx, from, to).data);
      }
      for (const [i, p] of plain.parameters().entries()) {
        expectNear((ghost.parameters()[i].grad as Tensor).data, (p.grad as Tensor).data, 1e-6);
      }
      for (const [name, { data }] of Object.entries(plain.stateDict())) expectSame(ghost.stateDict()[name].data, data);
      expect(ghost.numBatchesTracked).toBe(2);
    });

    test("is plain batch norm in eval mode", async () => {
      const ghost = shuffled(new BatchNorm(C, { axis, virtualBatchSize: 4 }));
      await run.forward(ghost, x);
      const plain = new BatchNorm(C, { axis });
      plain.loadStateDict(ghost.stateDict());
      ghost.eval();
      plain.eval();
      expectNear((await run.forward(ghost, x)).data, (await run.forward(plain, x)).data, 1e-6);
    });
  });

  test("takes a ReLU along", async () => {
    const x = gaussianTensor(1, [10, C]);
    const dy = gaussianTensor(2, [10, C]);
    const fused = new Sequential(new BatchNorm(C, { virtualBatchSize: 3 }), new ReLU());
    const [bn, relu] = [new BatchNorm(C, { virtualBatchSize: 3 }), new ReLU()];
    expectSame((await run.forward(fused, x)).data, (await run.forward(relu, await run.forward(bn, x))).data);
    expectNear((await run.backward(fused, dy)).data, (await run.backward(bn, await run.backward(relu, dy))).data, 1e-6);
  });
});

onEveryBuild(() => {
  test("population statistics are means over the groups", () => {
    const x = gaussianTensor(1, [8, C], 2, 3);
    const ghost = new BatchNorm(C, { virtualBatchSize: 4 });
    const plain = new BatchNorm(C);
    estimatePopulation(ghost, [x]);
    estimatePopulation(plain, [examples(x, 0, 4), examples(x, 4, 8)]);
    expectSame(ghost.runningVar!.data, plain.runningVar!.data);
  });
});

describe("is refused", () => {
  const x = gaussianTensor(1, [6, C]);

  test.each([0, -4, 2.5, Number.NaN])("with %d examples", (virtualBatchSize) => {
    refuses(() => new BatchNorm(C, { virtualBatchSize }), "E_VALUE", "[BatchNorm]", "virtualBatchSize");
  });

  test("with channels where the examples should be", () => {
    const bn = new BatchNorm(6, { axis: 0, virtualBatchSize: 2 });
    refuses(() => bn.forward(x), "E_SHAPE", "[BatchNorm]", "axis 0", "virtualBatchSize", "[6, 5]");
  });

  test("with one value a channel in a group", () => {
    refuses(() => new BatchNorm(C, { virtualBatchSize: 1 }).forward(x), "E_BATCH", "more than one value a channel");
  });

  test("with statistics of other shares too", () => {
    const bn = new BatchNorm(C, { virtualBatchSize: 2 });
    bn.exchange = { gather: (values) => values, sum: () => ({ wait() {} }) };
    refuses(() => bn.forward(x), "E_STATE", "[BatchNorm]", "virtualBatchSize", "synchronize");
  });
});
