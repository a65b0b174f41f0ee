/** Models in the console. */
import { inspect } from "node:util";
import { BatchNorm, Linear, Sequential } from "batchnorm";
import { expect, it } from "vitest";
import { devices } from "../support/devices.ts";
import { gaussianTensor } from "../support/layers.ts";
import { openTrainer } from "../support/training.ts";

it("show their parameters and running statistics", () => {
  const text = inspect(new Sequential(new BatchNorm(2)), { depth: 5 });
  expect(text).toMatch(/BatchNorm \{/);
  expect(text).toMatch(/weight: Parameter \[2\]\s+\[1, 1\]/);
  expect(text).toMatch(/runningMean: StateTensor \[2\]\s+\[0, 0\]/);
});

it("say where the values are while a device has newer ones, and show them when they were read back", async () => {
  const model = new Sequential(new Linear(3, 2), new BatchNorm(2));
  const trainer = openTrainer(model, { device: devices.reference() });
  await trainer.step(gaussianTensor(1, [4, 3]), [0, 1, 0, 1]);
  const text = inspect(model, { depth: 5 });
  expect(text).toMatch(/bias: Parameter \[2\]\s+on the device: await trainer.synchronize\(\) to see it/);
  expect(text).toMatch(/runningVar: StateTensor \[2\]\s+on the device/);
  await trainer.synchronize();
  expect(inspect(model, { depth: 5 })).not.toContain("on the device");
});
