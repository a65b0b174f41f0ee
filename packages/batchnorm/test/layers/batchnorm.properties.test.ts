/** §3.3 of the paper: with batch norm after it, the scale of a weight matters to nothing but its own gradient. */
import { BatchNorm, Linear, Sequential } from "batchnorm";
import { describe, expect, test } from "vitest";
import { onEveryBuild } from "../support/builds.ts";
import { normals } from "../support/data.ts";
import { expectNear, expectSame, gaussianTensor } from "../support/layers.ts";

const [N, IN, OUT] = [40, 13, 9];

/** BN((aW)u) and its gradients. ε is 0: with it the scale would matter a little. */
function scaled(a: number) {
  const linear = new Linear(IN, OUT, { bias: false });
  linear.weight.data.set(normals(1, IN * OUT).map((w) => a * w));
  const model = new Sequential(linear, new BatchNorm(OUT, { eps: 0 }));
  const y = model.forward(gaussianTensor(2, [N, IN]));
  const du = model.backward(gaussianTensor(3, [N, OUT]));
  return { y: y.data, du: du.data, dW: linear.weight.grad!.data };
}

onEveryBuild(() => {
  const one = () => scaled(1);

  describe.each([0.01, 3.7, 100])("W times %d", (a) => {
    test("BN((aW)u) = BN(Wu)", () => expectNear(scaled(a).y, one().y, 3e-6));
    test("the gradient of u is as it was", () => expectNear(scaled(a).du, one().du, 1e-5));
    test("the gradient of aW is 1/a of that of W", () => {
      expectNear(
        scaled(a).dW.map((g) => g * a),
        one().dW,
        1e-5,
      );
    });
  });

  test("by a power of two all of that holds to the bit", () => {
    const [big, small] = [scaled(64), one()];
    expectSame(big.y, small.y);
    expectSame(big.du, small.du);
    expectSame(
      big.dW.map((g) => g * 64),
      small.dW,
    );
  });

  test("a constant added before batch norm changes nothing, and gets no gradient", () => {
    const linear = new Linear(IN, OUT);
    const model = new Sequential(linear, new BatchNorm(OUT));
    const run = (bias: number) => {
      linear.bias!.data.fill(bias);
      model.zeroGrad();
      const y = model.forward(gaussianTensor(2, [N, IN]));
      return { y: y.data, du: model.backward(gaussianTensor(3, [N, OUT])).data };
    };
    const without = run(0);
    const { y, du } = run(5);
    expectNear(y, without.y, 1e-5);
    expectNear(du, without.du, 1e-5);
    const most = Math.max(...linear.weight.grad!.data.map(Math.abs));
    for (const g of linear.bias!.grad!.data) expect(Math.abs(g)).toBeLessThan(1e-5 * most);
  });
});
