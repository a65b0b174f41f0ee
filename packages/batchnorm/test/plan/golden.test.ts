/**
 * What a training step and an evaluation of whole networks are made of: a change of it shows in the difference of a small
 * text file. `npx vitest run … golden -u` writes the files anew.
 */
import { fileURLToPath } from "node:url";
import { Dataset, type Layer, SGD, Trainer, zeros } from "batchnorm";
import { inception, mnistNetwork, resnet } from "batchnorm/models";
import { describe, expect, test } from "vitest";
import { RecordingDevice } from "../support/recording.ts";

interface Network {
  readonly model: Layer;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly batch: number;
}

const networks: Record<string, () => Network> = {
  mnistnetwork: () => ({ model: mnistNetwork({ batchNorm: true }), shape: [784], batch: 60 }),
  resnet20: () => ({ model: resnet({ depth: 20 }), shape: [32, 32, 3], batch: 128 }),
  inception: () => ({ model: inception(), shape: [32, 32, 3], batch: 32 }),
};

const number = (value: number) => value.toLocaleString("en");

/** Of the runs since the last time: how many there are of what, and each command with its tasks. */
function taken(device: RecordingDevice, bytes: number): string {
  const runs = device.runs.splice(0);
  const lines = runs.map(({ commands }) => commands.map(({ kernel, tasks }) => `${kernel} ${tasks}`).join("\n"));
  const commands = runs.reduce((sum, { length }) => sum + length, 0);
  const counts = `commands ${number(commands)}, programs ${runs.length}, bytes ${number(bytes)}`;
  return `${counts}\n\n${lines.join("\n\n")}\n`;
}

describe.each(Object.entries(networks))("%s", (name, make) => {
  const file = (what: string) => fileURLToPath(new URL(`golden/${name}.${what}.txt`, import.meta.url));
  const { model, shape, batch } = make();
  const device = new RecordingDevice();
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1, momentum: 0.9 }), device });
  const { bytes: kept } = device;
  device.runs.length = 0;

  test("a training step", async () => {
    await trainer.step(zeros([batch, ...shape]), new Uint8Array(batch));
    expect(device.runs).toHaveLength(1);
    await expect(taken(device, device.bytes - kept)).toMatchFileSnapshot(file("step"));
  });

  test("an evaluation of a batch of a data set", async () => {
    const { bytes } = device;
    const size = batch * shape.reduce((a, b) => a * b, 1);
    const data = new Dataset({ data: new Uint8Array(size), shape, labels: new Uint8Array(batch) });
    await trainer.evaluate(data, { batchSize: batch });
    expect(device.runs).toHaveLength(1);
    await expect(taken(device, device.bytes - bytes)).toMatchFileSnapshot(file("evaluation"));
  });

  test("a second step is the same again, and takes no more memory", async () => {
    const { bytes, programs } = device;
    const bound = programs.size;
    const step = () => trainer.step(zeros([batch, ...shape]), new Uint8Array(batch));
    await step();
    await step();
    expect(device.runs[1]).toBe(device.runs[0]);
    expect([device.bytes, device.programs.size]).toEqual([bytes, bound]);
  });

  test("weights and what the optimizer remembers of them", () => {
    const values = model.parameters().reduce((sum, { size }) => sum + Math.ceil(size / 16) * 16, 0);
    // Beside them gradients and velocities, and running statistics.
    expect(kept).toBeGreaterThanOrEqual(3 * 4 * values);
    expect(kept).toBeLessThan(3.1 * 4 * values);
  });
});
