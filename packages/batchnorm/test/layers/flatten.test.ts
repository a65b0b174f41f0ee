import { Flatten, randn } from "batchnorm";
import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.ts";

onEveryDevice((run) => {
  it("Flatten makes one dimension of all but the first, and keeps the values in place", async () => {
    const layer = new Flatten();
    const x = randn([3, 2, 4, 5], { seed: 1 });
    const y = await run.forward(layer, x);
    expect(y.shape).toEqual([3, 40]);
    expect(y.data).toEqual(x.data);
  });

  it("Flatten gives gradients the shape of the input", async () => {
    const layer = new Flatten();
    await run.forward(layer, randn([3, 2, 4, 5], { seed: 1 }));
    const dy = randn([3, 40], { seed: 2 });
    const dx = await run.backward(layer, dy);
    expect(dx.shape).toEqual([3, 2, 4, 5]);
    expect(dx.data).toEqual(dy.data);
  });
});
