/** Parameter groups: their own weight decay and learning rate, and which parameters move at all. */
import {
  Adam,
  type Device,
  decayWeightsOnly,
  type Optimizer,
  type ParameterGroup,
  randn,
  type Sequential,
  SGD,
  type StateDict,
} from "batchnorm";
import { describe, expect, it } from "vitest";
import { bytesOf, largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";
import { openTrainer, smallNetwork, stateBits } from "../support/training.ts";

const x = randn([12, 6], { seed: 3 });
const labels = Array.from({ length: 12 }, (_, i) => i % 3);

/** The state of the same network after one step. */
async function stepped(
  device: Device,
  optimizer: (model: Sequential) => Optimizer,
  prepare: (model: Sequential) => void = () => {},
): Promise<StateDict> {
  const model = smallNetwork();
  prepare(model);
  const trainer = openTrainer(model, { optimizer: optimizer(model), device });
  await trainer.step(x, labels);
  await trainer.synchronize();
  return model.stateDict();
}

const initial = smallNetwork().stateDict();
const matrices = ["0.weight", "4.weight", "7.weight"];
const vectors = ["1.weight", "1.bias", "4.bias", "5.weight", "5.bias", "7.bias"];

const optimizers: [string, (options: { weightDecay?: number; groups?: ParameterGroup[] }) => Optimizer][] = [
  ["SGD", (options) => new SGD({ lr: 0.25, ...options })],
  ["AdamW", (options) => new Adam({ lr: 0.25, decoupled: true, ...options })],
];

onEveryDevice(({ device }) => {
  describe.each(optimizers)("%s", (_name, make) => {
    const afterStep = (optimizer: (model: Sequential) => Optimizer, prepare?: (model: Sequential) => void) =>
      stepped(device, optimizer, prepare);

    it("with decayWeightsOnly shrinks matrices and leaves gamma, beta and biases without decay", async () => {
      const without = await afterStep(() => make({}));
      const decayed = await afterStep((model) => make({ groups: decayWeightsOnly(model, 0.5) }));
      for (const name of vectors) expect(bytesOf(decayed[name].data), name).toEqual(bytesOf(without[name].data));
      for (const name of matrices) {
        const expected = Float64Array.from(without[name].data, (w, i) => w - 0.25 * 0.5 * initial[name].data[i]);
        expect(largestDifference(decayed[name].data, expected), name).toBeLessThan(1e-6);
      }
    });

    it("uses a group's weight decay instead of its own, and its own where the group has none", async () => {
      const all = (weightDecay?: number) => (model: Sequential) =>
        make({
          weightDecay: 0.5,
          groups: [{ parameters: model.parameters(), ...(weightDecay === undefined ? {} : { weightDecay }) }],
        });
      expect(await afterStep(all())).toEqual(await afterStep(() => make({ weightDecay: 0.5 })));
      expect(await afterStep(all(0))).toEqual(await afterStep(() => make({})));
    });

    it("multiplies the learning rate by a group's factor", async () => {
      const plain = await afterStep(() => make({}));
      const slow = await afterStep((model) => {
        const [first, ...rest] = model.parameters();
        return make({ groups: [{ parameters: rest }, { parameters: [first], lrFactor: 0.125 }] });
      });
      const expected = Float64Array.from(plain["0.weight"].data, (w, i) => {
        const start = initial["0.weight"].data[i];
        return start + 0.125 * (w - start);
      });
      expect(largestDifference(slow["0.weight"].data, expected)).toBeLessThan(1e-6);
      expect(largestDifference(slow["0.weight"].data, initial["0.weight"].data)).toBeGreaterThan(1e-4);
      for (const name of [...matrices.slice(1), ...vectors]) expect(slow[name]).toEqual(plain[name]);
    });

    it("leaves a parameter alone that is not trainable, whatever group it is in", async () => {
      const freeze = (model: Sequential) => {
        for (const name of [0, 3]) model.parameters()[name].trainable = false;
      };
      const options = { weightDecay: 0.5 };
      const plain = await afterStep(() => make(options));
      for (const state of [
        await afterStep(() => make(options), freeze),
        await afterStep((model) => make({ ...options, groups: [{ parameters: model.parameters() }] }), freeze),
      ]) {
        for (const name of ["0.weight", "4.weight"]) expect(state[name]).toEqual(initial[name]);
        for (const name of ["1.weight", "7.weight", "7.bias"]) expect(state[name]).toEqual(plain[name]);
      }
    });
  });
});

describe("groups that do not match the model", () => {
  const refused = (groups: (model: Sequential) => ParameterGroup[]) => {
    const model = smallNetwork();
    const bits = stateBits(model);
    expect(() => openTrainer(model, { optimizer: new SGD({ lr: 1, groups: groups(model) }) })).toThrow(
      expect.objectContaining({ code: "E_VALUE", message: expect.stringContaining("each in one group") }),
    );
    expect(stateBits(model)).toBe(bits);
    openTrainer(model); // no trainer holds the parameters
  };

  it("are refused when a trainable parameter is missing: it would not train", () => {
    refused((model) => [{ parameters: model.parameters().slice(1) }]);
  });

  it("are refused when a parameter is in two of them", () => {
    refused((model) => [{ parameters: model.parameters() }, { parameters: model.parameters().slice(0, 1) }]);
  });

  it("are refused when a parameter is of another model", () => {
    refused((model) => [{ parameters: [...model.parameters(), ...smallNetwork().parameters()] }]);
  });

  it("may leave out a parameter that is not trainable", async () => {
    const model = smallNetwork();
    const [first, ...rest] = model.parameters();
    first.trainable = false;
    await openTrainer(model, { optimizer: new SGD({ lr: 1, groups: [{ parameters: rest }] }) }).step(x, labels);
    expect(model.stateDict()["0.weight"]).toEqual(initial["0.weight"]);
  });
});
