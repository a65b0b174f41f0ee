/** §3.3 of the paper: with batch norm after it, the scale of a weight matters to nothing but its own gradient. */
import { BatchNorm, Linear, Sequential } from "batchnorm";
import { describe, expect, test } from "vitest";
import { normals } from "../support/data.ts";
import { onEveryDevice, type Runs } from "../support/devices.ts";
import { expectNear, expectSame, gaussianTensor } from "../support/layers.ts";

const [N, IN, OUT] = [40, 13, 9];

/** BN((aW)u) and its gradients. ε is 0: with it the scale would matter a little. */
async function scaled(run: Runs, a: number) {
  const linear = new Linear(IN, OUT, { bias: false });
  linear.weight.data.set(normals(1, IN * OUT).map((w) => a * w));
  const model = new Sequential(linear, new BatchNorm(OUT, { eps: 0 }));
  const y = await run.forward(model, gaussianTensor(2, [N, IN]));
  const du = await run.backward(model, gaussianTensor(3, [N, OUT]));
  return { y: y.data, du: du.data, dW: linear.weight.grad!.data };
}

onEveryDevice((run) => {
  const one = () => scaled(run, 1);

  describe.each([0.01, 3.7, 100])("W times %d", (a) => {
    test("BN((aW)u) = BN(Wu)", async () => expectNear((await scaled(run, a)).y, (await one()).y, 3e-6));
    test("the gradient of u is as it was", async () => expectNear((await scaled(run, a)).du, (await one()).du, 1e-5));
    test("the gradient of aW is 1/a of that of W", async () => {
      const { dW } = await scaled(run, a);
      expectNear(
        dW.map((g) => g * a),
        (await one()).dW,
        1e-5,
      );
    });
  });

  test("by a power of two all of that holds to the bit", async () => {
    const [big, small] = [await scaled(run, 64), await one()];
    expectSame(big.y, small.y);
    expectSame(big.du, small.du);
    expectSame(
      big.dW.map((g) => g * 64),
      small.dW,
    );
  });

  test("a constant added before batch norm changes nothing, and gets no gradient", async () => {
    const linear = new Linear(IN, OUT);
    const model = new Sequential(linear, new BatchNorm(OUT));
    const biased = async (bias: number) => {
      linear.bias!.data.fill(bias);
      model.zeroGrad();
      const y = await run.forward(model, gaussianTensor(2, [N, IN]));
      return { y: y.data, du: (await run.backward(model, gaussianTensor(3, [N, OUT]))).data };
    };
    const without = await biased(0);
    const { y, du } = await biased(5);
    expectNear(y, without.y, 1e-5);
    expectNear(du, without.du, 1e-5);
    const most = Math.max(...linear.weight.grad!.data.map(Math.abs));
    for (const g of linear.bias!.grad!.data) expect(Math.abs(g)).toBeLessThan(1e-5 * most);
  });
});
