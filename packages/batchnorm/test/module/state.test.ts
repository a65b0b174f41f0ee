/** `loadStateDict`: what it takes, how fast, and slots with rules of their own. */
import { Linear, Sequential, type StateInput } from "batchnorm";
import { describe, expect, it } from "vitest";
import type { StateSlot } from "#dist/module/state.js";
import { normals } from "../support/data.ts";
import { expectSame, snapshot } from "../support/layers.ts";
import { refuses } from "../support/refusal.ts";
import { openTrainer } from "../support/training.ts";

const linear = () => new Linear(3, 2);
const weightOf = (data: StateInput[string]["data"]): StateInput => ({
  weight: { shape: [2, 3], data },
  bias: { shape: [2], data: [0, 1] },
});

describe("loadStateDict takes numbers in any array:", () => {
  const values = [1, 2, 3, 4, 5, 255];
  const big = values.map(BigInt);
  it.each<[string, StateInput[string]["data"]]>([
    ["Float32Array", Float32Array.from(values)],
    ["Float64Array", Float64Array.from(values)],
    ["Uint8Array", Uint8Array.from(values)],
    ["Int32Array", Int32Array.from(values)],
    ["BigInt64Array", BigInt64Array.from(big)],
    ["BigUint64Array", BigUint64Array.from(big)],
    ["numbers", values],
    ["bigints", big],
    ["something with a length", { ...values, length: 6 }],
  ])("%s", (_name, data) => {
    const layer = linear();
    layer.loadStateDict(weightOf(data));
    expect(Array.from(layer.weight.data)).toEqual(values);
  });

  it("float64 is rounded once", () => {
    const layer = linear();
    layer.loadStateDict(weightOf(Float64Array.of(0.1, 1 / 3, 1e-45, 1e300, -0, Math.PI)));
    expect(Array.from(layer.weight.data)).toEqual([0.1, 1 / 3, 1e-45, 1e300, -0, Math.PI].map(Math.fround));
  });
});

it("takes at most three times as long as a copy", () => {
  const layer = new Linear(2048, 1024);
  const data = normals(1, 2048 * 1024);
  const dict: StateInput = {
    weight: { shape: [1024, 2048], data },
    bias: { shape: [1024], data: new Float32Array(1024) },
  };
  const into = new Float32Array(data.length);
  const least = (work: () => void) => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  let [loading, copying] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < 20; i++) {
    loading = Math.min(
      loading,
      least(() => layer.loadStateDict(dict)),
    );
    copying = Math.min(
      copying,
      least(() => into.set(data)),
    );
  }
  expectSame(layer.weight.data, into);
  expect(loading / copying).toBeLessThan(3);
});

describe("a dict with arrays of the model itself", () => {
  const pair = () => new Sequential(new Linear(2, 2), new Linear(2, 2));
  const swapped = (model: Sequential): StateInput => {
    const [first, second] = model.layers as Linear[];
    const of = ({ weight, bias }: Linear, prefix: string) => ({
      [`${prefix}.weight`]: weight,
      [`${prefix}.bias`]: bias,
    });
    return { ...of(first, "1"), ...of(second, "0") } as StateInput;
  };

  it("is read before it is written over", () => {
    const model = pair();
    const { "0.weight": first, "1.weight": second } = model.stateDict();
    model.loadStateDict(swapped(model));
    expect(model.stateDict()).toMatchObject({ "0.weight": second, "1.weight": first });
  });

  it("also where a trainer holds them, in one memory", () => {
    const model = pair();
    openTrainer(model);
    const { "0.weight": first, "1.weight": second } = model.stateDict();
    model.loadStateDict(swapped(model));
    expect(model.stateDict()).toMatchObject({ "0.weight": second, "1.weight": first });
  });
});

describe("what is no state dict", () => {
  it.each<[string, unknown, string, string]>([
    ["nothing", undefined, "E_DICT", "expected a state dict, names with { shape, data }, got undefined"],
    ["null", null, "E_DICT", "got null"],
    ["a path", "model.safetensors", "E_DICT", "got a string"],
    [
      "numbers as an entry",
      { weight: [1, 2], bias: [0] },
      "E_DICT",
      "expected weight as an object with shape and data, got an array",
    ],
    ["an entry that is undefined", { ...weightOf([1, 2, 3, 4, 5, 6]), bias: undefined }, "E_DICT", "expected bias as"],
    ["an entry without data", { ...weightOf([1, 2, 3, 4, 5, 6]), bias: { shape: [2] } }, "E_DICT", "expected bias as"],
    [
      "an entry without a shape",
      { ...weightOf([1, 2, 3, 4, 5, 6]), bias: { data: [1, 2] } },
      "E_DICT",
      "expected bias as",
    ],
    ["holes", weightOf(new Array(6)), "E_VALUE", "expected numbers in weight, got undefined at index 0"],
    [
      "strings",
      weightOf([1, 2, "3", 4, 5, 6] as never),
      "E_VALUE",
      "expected numbers in weight, got a string at index 2",
    ],
  ])("%s", (_name, dict, code, words) => {
    const layer = linear();
    const before = snapshot(layer);
    refuses(() => layer.loadStateDict(dict as StateInput), code as "E_DICT", "[loadStateDict]", words);
    expect(snapshot(layer)).toBe(before);
  });

  it("is refused with options that there are not", () => {
    const call = () => linear().loadStateDict(weightOf([1, 2, 3, 4, 5, 6]), { stict: false } as object);
    refuses(call, "E_VALUE", "[loadStateDict] expected options strict; got stict (did you mean strict?)");
  });
});

/** A layer with state of other kinds. */
class Noted extends Sequential {
  readonly written: number[][] = [];
  readonly state: Record<string, StateSlot> = {
    note: { shape: [2], data: new Float32Array(2), write: (values) => this.written.push(Array.from(values)) },
    count: { shape: [], data: new Float64Array(1), internal: true },
  };

  override stateSlots(): Record<string, StateSlot> {
    return this.state;
  }
}

describe("a slot", () => {
  it("that writes for itself is given the values, and its data are left alone", () => {
    const layer = new Noted();
    layer.loadStateDict({ note: { shape: [2], data: [3n, 4n] } });
    expect(layer.written).toEqual([[3, 4]]);
    expect(Array.from(layer.state.note.data)).toEqual([0, 0]);
    refuses(() => layer.loadStateDict({ note: { shape: [2], data: ["3", 4] as never } }), "E_VALUE", "in note");
    expect(layer.written).toHaveLength(1);
  });

  it("that is internal is in no state dict", () => {
    const layer = new Noted();
    layer.state.count.data[0] = 5;
    expect(Object.keys(layer.stateDict())).toEqual(["note"]);
    expect(Object.keys(layer.stateSlots())).toEqual(["note", "count"]);
    layer.loadStateDict(layer.stateDict());
    expect(layer.state.count.data[0]).toBe(5);
    const dict = { ...layer.stateDict(), count: { shape: [], data: [6] } };
    refuses(() => layer.loadStateDict(dict), "E_DICT", "it has count, which the model has not");
    expect(new Sequential(layer).stateDict()).not.toHaveProperty("0.count");
  });
});
