/** Options that nobody reads are refused, in words that help. */
import { describe, expect, it } from "vitest";
import { checkOptions } from "#dist/options.js";
import { refuses } from "./support/refusal.ts";

const known = ["stride", "padding", "groups", "bias"] as const;
const given = (options: object) => () => checkOptions("Conv2d", options as { stride?: number }, known as never);

describe("checkOptions", () => {
  it("takes known options, any number of them", () => {
    given({})();
    given({ bias: false, stride: 2 })();
    given({ bias: undefined })();
  });

  it("refuses others, and says which there are and which came", () => {
    const message = "[Conv2d] expected options stride, padding, groups, bias; got dilation";
    expect(given({ dilation: 2 })).toThrow(expect.objectContaining({ code: "E_VALUE", message }));
    refuses(given({ stride: 2, dilation: 2, transposed: true }), "E_VALUE", "; got dilation, transposed");
    refuses(given({ dilation: undefined }), "E_VALUE", "; got dilation");
  });

  it("refuses names that every object has", () => {
    refuses(given({ constructor: 1, toString: 2 }), "E_VALUE", "got constructor, toString");
  });

  it("refuses what is no object", () => {
    for (const [value, name] of [
      [null, "null"],
      [3, "number"],
      ["same", "string"],
    ]) {
      refuses(given(value as never), "E_VALUE", "[Conv2d] expected an object with options stride,", `got ${name}`);
    }
    refuses(given([3]), "E_VALUE", "; got 0");
  });

  it.each([
    ["epsilon", ["momentum", "eps"], "eps"],
    ["batch_size", ["steps", "batchSize"], "batchSize"],
    ["BatchSize", ["steps", "batchSize"], "batchSize"],
    ["learningRate", ["lr", "momentum"], "lr"],
    ["learning_rate", ["lr", "momentum"], "lr"],
    ["lerningRate", ["lr", "momentum"], "lr"],
    ["momentun", ["lr", "momentum"], "momentum"],
    ["momentm", ["lr", "momentum"], "momentum"],
    ["sacle", ["scale", "mean"], "scale"],
    ["aug", ["augment", "mean"], "augment"],
    ["weight_decay", ["lr", "weightDecay"], "weightDecay"],
  ])("asks for %s whether another is meant", (name, names, meant) => {
    const call = () => checkOptions<Record<string, unknown>>("here", { [name]: 1 }, names);
    refuses(call, "E_VALUE", `got ${name} (did you mean ${meant}?)`);
  });

  it.each([
    ["dilation", ["stride", "padding", "groups", "bias"]],
    ["xy", ["lr", "std"]],
    ["size", ["scale", "mean"]],
    ["", ["lr"]],
  ])("has no guess for %j", (name, names) => {
    const call = () => checkOptions<Record<string, unknown>>("here", { [name]: 1 }, names);
    expect(call).not.toThrow("did you mean");
    refuses(call, "E_VALUE", `got ${name}`);
  });
});
