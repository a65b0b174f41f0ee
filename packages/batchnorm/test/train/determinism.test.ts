/** What decides the bits of a training run: the seeds and the build, and nothing else. */
import { Dropout, Linear, manualSeed, randn, Sequential } from "batchnorm";
import { describe, expect, it } from "vitest";
import { bestBuild } from "#dist/wasm/builds.js";
import { openTrainer, smallDataset, smallNetwork, stateBits } from "../support/training.ts";

const data = smallDataset();

async function run(model: Sequential, options: Parameters<typeof openTrainer>[1] = {}) {
  const trainer = openTrainer(model, options);
  const reports = await trainer.fit(data, { untilEpoch: 3, batchSize: 8, every: 1 });
  return { losses: reports.map(({ loss }) => loss), state: stateBits(model) };
}

describe("deterministic: everywhere", () => {
  it("runs on the plain build, whose bits no machine changes", async () => {
    const trainer = openTrainer(smallNetwork(), { deterministic: "everywhere" });
    expect(trainer.device.build).toBe("simd");
    expect(await run(smallNetwork(), { deterministic: "everywhere" })).toEqual(
      await run(smallNetwork(), { build: "simd" }),
    );
  });

  it("is not the default: that is the fastest build the platform runs", () => {
    expect(openTrainer(smallNetwork()).device.build).toBe(bestBuild());
    expect(bestBuild()).toBe("relaxed");
  });
});

describe("seeds", () => {
  it("make a run repeatable", async () => {
    expect(await run(smallNetwork(), { seed: 5 })).toEqual(await run(smallNetwork(), { seed: 5 }));
  });

  it("of the trainer change the order of the examples", async () => {
    const first = await run(smallNetwork(), { seed: 5 });
    const second = await run(smallNetwork(), { seed: 6 });
    expect(second.losses[0]).not.toBe(first.losses[0]);
  });

  it("of initialize change the weights", () => {
    expect(stateBits(smallNetwork({ seed: 8 }))).toBe(stateBits(smallNetwork({ seed: 8 })));
    expect(stateBits(smallNetwork({ seed: 9 }))).not.toBe(stateBits(smallNetwork({ seed: 8 })));
  });

  it("of the program decide everything that has no seed of its own", () => {
    const draw = () => {
      const model = new Sequential(new Linear(4, 3), new Dropout(0.5));
      return [stateBits(model), model.forward(randn([6, 4])).data.join()];
    };
    manualSeed(1);
    const first = draw();
    const second = draw();
    manualSeed(1);
    expect(draw()).toEqual(first);
    expect(second).not.toEqual(first);
    manualSeed(2);
    expect(draw()).not.toEqual(first);
  });
});
