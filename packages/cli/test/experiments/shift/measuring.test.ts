import { accuracy, recalibrate, Tensor } from "batchnorm";
import { readSafetensors } from "batchnorm/formats";
import { mnistNetwork } from "batchnorm/models";
import { beforeAll, describe, expect, test } from "vitest";
import { loadMnist } from "#dist/datasets/mnist.js";
import type { SharedData } from "#dist/datasets/shared.js";
import { kind } from "#dist/experiments/shift/measuring.js";
import type { Estimate, ShiftSpec } from "#dist/experiments/shift/spec.js";
import { kind as training } from "#dist/experiments/shift/training.js";
import { loadSmall } from "../../support/mnist.ts";
import { alone, noting } from "../../support/runs.ts";
import { fewSteps } from "../../support/shift.ts";

let mnist: SharedData;
beforeAll(async () => {
  mnist = await loadSmall(loadMnist, 120, 41);
});

describe("statistics of shifted images", () => {
  const shift = { name: "brightness", amount: 100 } as const;
  const all: Estimate = { images: 1000, classes: null, onePass: false, prior: 0 };
  const estimates: (Estimate | null)[] = [
    null,
    all,
    { ...all, onePass: true },
    { ...all, prior: 0.5 },
    { ...all, images: 9 },
    { ...all, classes: [0, 1] },
    null,
  ];
  /** 41 test images: the first 20 for statistics. */
  const spec = (): ShiftSpec => ({
    kind: "shift",
    data: mnist.fingerprint,
    network: fewSteps(mnist.fingerprint),
    shift,
    images: 41,
    estimates,
    steps: estimates.length,
    seed: 1,
  });

  test("are estimated from one half, as the spec says, and judged by the other", async () => {
    const { weights } = await training.carryOut(fewSteps(mnist.fingerprint), mnist, alone());
    const { context, steps } = noting();
    const { points } = await kind.carryOut(spec(), mnist, { ...context, input: weights });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);

    // Black is 100 of 255, white still 255.
    const values = Float32Array.from(mnist.test.images, (bit) => (bit ? 1 : 100 / 255));
    const rows = (chosen: number[]) =>
      new Tensor(Float32Array.from(chosen.flatMap((row) => [...values.subarray(784 * row, 784 * (row + 1))])), [
        chosen.length,
        784,
      ]);
    const half = Array.from({ length: 20 }, (_, row) => row);
    const others = Array.from({ length: 21 }, (_, row) => row + 20);
    const expected = estimates.map((estimate) => {
      const model = mnistNetwork();
      model.loadStateDict(readSafetensors(Buffer.from(weights, "base64")).tensors);
      if (estimate) {
        const { images, classes, onePass, prior } = estimate;
        const chosen = half.slice(0, images).filter((row) => classes?.includes(mnist.test.labels[row]) ?? true);
        recalibrate(model, [rows(chosen)], { onePass, prior });
      }
      return accuracy(model.eval().forward(rows(others)), mnist.test.labels.subarray(20));
    });
    expect(points.map(({ accuracy: share }) => share)).toEqual(expected.map((share) => expect.closeTo(share, 12)));
    expect(points[1].accuracy).toBeGreaterThan(points[0].accuracy);
    expect(points[6].accuracy).toBe(points[0].accuracy);
  });

  test("need the network's weights", async () => {
    await expect(kind.carryOut(spec(), mnist, alone())).rejects.toThrow(/expected the weights of the network/);
  });
});
