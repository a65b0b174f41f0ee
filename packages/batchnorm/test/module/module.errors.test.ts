/** What is wrong within a model: said with class and path of the layer, and what to do. */
import {
  add,
  BatchNorm,
  BatchNormError,
  Conv2d,
  concat,
  Linear,
  Module,
  ReLU,
  randn,
  Sequential,
  Tanh,
  type Value,
} from "batchnorm";
import { Operation, type Site } from "batchnorm/extend";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../support/data.ts";
import { made } from "../support/made.ts";
import { refuses } from "../support/refusal.ts";

class Block extends Module {
  readonly conv1 = new Conv2d(4, 4, 3, { padding: 1 });
  readonly conv2: Conv2d;
  readonly bn = new BatchNorm(4);

  constructor(channels: number) {
    super();
    this.conv2 = new Conv2d(channels, 4, 3, { padding: 1 });
  }

  override compose(x: Value): Value {
    return this.bn.of(this.conv2.of(this.conv1.of(x)));
  }
}

/** The block as `layer1.0` of a model. */
const within = (block: Module) =>
  made({ stem: new Conv2d(3, 4, 1), layer1: new Sequential(block) }, (x, { stem, layer1 }) => layer1.of(stem.of(x)));

const x = randn([2, 5, 5, 3], { seed: 1 });
const rows = randn([6, 4], { seed: 1 });

function thrown(call: () => unknown): BatchNormError {
  try {
    call();
  } catch (error) {
    if (error instanceof BatchNormError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("the path of the layer", () => {
  it("is in the words and beside them, as in the state dict", () => {
    const model = within(new Block(5));
    refuses(
      () => model.forward(x),
      "E_SHAPE",
      "[Conv2d layer1.0.conv2] expected images [N, H, W, 5], got shape [2, 5, 5, 4]",
    );
    expect(thrown(() => model.forward(x)).path).toBe("layer1.0.conv2");
    expect(Object.keys(model.stateDict())).toContain("layer1.0.conv2.weight");
  });

  it("is that of a place in a row", () => {
    const model = new Sequential(new ReLU(), new Sequential(new Linear(4, 3), new Linear(4, 3)));
    refuses(() => model.forward(rows), "E_SHAPE", "[Linear 1.1] expected 4 features");
  });

  it("is not there for the layer that is called itself", () => {
    refuses(() => new Linear(5, 2).forward(rows), "E_SHAPE", "[Linear] expected 5 features");
    expect(thrown(() => new Linear(5, 2).forward(rows)).path).toBeNull();
  });

  it("is that of the module around for what is no layer", () => {
    const model = within(made({ a: new Conv2d(4, 2, 1) }, (x, { a }) => add(a.of(x), x)));
    refuses(() => model.forward(x), "E_SHAPE", "[add layer1.0] expected two values of one shape, got [2, 5, 5, 2] and");
    const beside = within(made({ a: new Conv2d(4, 2, 3) }, (x, { a }) => concat(a.of(x), x)));
    refuses(() => beside.forward(x), "E_SHAPE", "[Concat layer1.0] expected branches that differ in channels alone");
  });

  it("is there where a layer refuses as it is bound: a batch that has no variance", () => {
    const model = new Sequential(new Linear(4, 4), new Sequential(new Tanh(), new BatchNorm(4)));
    refuses(() => model.forward(randn([1, 4])), "E_BATCH", "[BatchNorm 1.1] expected more than one value a channel");
    expect(model.eval().forward(randn([1, 4])).shape).toEqual([1, 4]);
  });

  it("is there where the backward pass of an operation of one's own fails", () => {
    class Broken extends Operation {
      override infer(shape: readonly number[]): readonly number[] {
        return shape;
      }

      override bind(site: Site): void {
        site.alias(0);
        site.backward([], () => {
          throw new RangeError("no way back");
        });
      }
    }
    const error = thrown(() => new Sequential(new Linear(4, 4), new Broken()).forward(rows));
    expect(error.message).toBe("[Broken 1] RangeError: no way back");
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it("is the first of a layer in several places", () => {
    const narrow = new Linear(4, 3);
    const model = made({ a: narrow, b: narrow }, (x, { a, b }) => b.of(a.of(x)));
    refuses(() => model.forward(rows), "E_SHAPE", "[Linear a] expected 4 features");
  });
});

describe("an error of compose itself", () => {
  const failing = (error: unknown) =>
    made({}, () => {
      throw error;
    });

  it("gets the path, and stays the cause", () => {
    const cause = new RangeError("boom");
    const error = thrown(() => within(failing(cause)).forward(x));
    expect(error.message).toBe("[Made layer1.0] RangeError: boom");
    expect(error).toMatchObject({ code: "E_STATE", path: "layer1.0", cause });
  });

  it("may be anything", () => {
    const error = thrown(() => within(failing("just words")).forward(x));
    expect(error).toMatchObject({ message: "[Made layer1.0] just words", cause: "just words" });
  });

  it("keeps its code where it is the library's, and gets the path", () => {
    const own = new BatchNormError("E_VALUE", "Mine", "expected better", { cause: 7 });
    const error = thrown(() => within(failing(own)).forward(x));
    expect(error).toMatchObject({ code: "E_VALUE", path: "layer1.0", cause: 7 });
    expect(error.message).toBe("[Mine layer1.0] expected better");
  });

  it("goes through as it is where the model itself throws it", () => {
    const error = new RangeError("boom");
    expect(() => failing(error).forward(x)).toThrow(error);
  });

  it("leaves the model as good as before", () => {
    let fails = false;
    const model = new Sequential(
      made({ a: new Linear(4, 4) }, (x, { a }) => {
        if (fails) throw new Error("not now");
        return a.of(x);
      }),
    );
    const want = model.forward(rows).data;
    fails = true;
    expect(() => model.forward(randn([3, 4]))).toThrow("[Made 0] Error: not now");
    fails = false;
    expect(sameBytes(model.forward(rows).data, want)).toBe(true);
    expect(model.forward(randn([3, 4])).shape).toEqual([3, 4]);
  });
});

describe("a layer that is no part of the model", () => {
  const cure = "expected a layer that is a field of the module that uses it, or in an array there";

  it("is refused, with its class and what to do", () => {
    const model = made({}, (x) => new Linear(4, 4).of(x));
    refuses(() => model.forward(rows), "E_STATE", `[Linear] ${cure}`, "neither trained nor saved", "readonly conv =");
  });

  it("and with the path of the module that uses it, though it has no parameters", () => {
    const model = within(made({}, (x) => new ReLU().of(x)));
    refuses(() => model.forward(x), "E_STATE", `[ReLU layer1.0] ${cure}`);
  });

  it("is one that hides deeper in a field than in an array", () => {
    const hidden = { a: [[new Linear(4, 4)]] };
    const model = Object.assign(
      made({}, (x) => hidden.a[0][0].of(x)),
      hidden,
    );
    refuses(() => model.forward(rows), "E_STATE", `[Linear] ${cure}`);
  });
});

describe("what is no value", () => {
  const words = "expected a value that compose was given or another layer made, got";

  it.each([
    ["a tensor", rows, "Tensor"],
    ["nothing", undefined, "undefined"],
    ["an array", [1, 2], "an array"],
  ])("is refused by a layer: %s", (_, given, name) => {
    const wrong = given as unknown as Value;
    refuses(() => new ReLU().of(wrong), "E_SHAPE", `[ReLU] ${words} ${name}`, "a tensor is for forward");
    refuses(() => add(wrong, wrong), "E_SHAPE", `${words} ${name}`);
    refuses(() => concat(wrong, wrong), "E_SHAPE", `${words} ${name}`);
  });

  it("is refused as a later input, with the path", () => {
    const model = within(made({}, (x) => add(x, rows as unknown as Value)));
    refuses(() => model.forward(x), "E_SHAPE", "layer1.0]", `${words} Tensor`);
  });

  it("is refused as what compose gives", () => {
    const giving = (value: unknown) => made({ a: new Conv2d(4, 4, 1) }, () => value as Value);
    const wanted = "expected compose to give a value that it was given or that a layer made, got";
    refuses(() => giving(undefined).forward(x), "E_STATE", `[Made] ${wanted} undefined`);
    refuses(() => within(giving(undefined)).forward(x), "E_STATE", `[Made layer1.0] ${wanted} undefined`);
    refuses(() => within(giving(rows)).forward(x), "E_STATE", `[Made layer1.0] ${wanted} Tensor`);
  });

  it("where forward is called in compose, says what forward wants", () => {
    const model = within(made({ a: new Conv2d(4, 4, 1) }, (x, { a }) => a.forward(x as never) as never));
    refuses(() => model.forward(x), "E_SHAPE", "[Conv2d.forward", "expected a Tensor", "got Value");
  });
});

describe("a value of another call of compose", () => {
  /** Uses what the first call was given, or made, in all later ones. */
  function keeping(what: "given" | "made" | "returned"): Module {
    let kept: Value | null = null;
    return made({ a: new Linear(4, 4), tanh: new Tanh() }, (x, { a, tanh }) => {
      const y = tanh.of(x);
      const old = kept ?? (what === "given" ? x : y);
      kept = old;
      if (what === "given") return a.of(old);
      return what === "made" ? add(a.of(x), old) : old;
    });
  }

  it("is refused where a layer is given it", () => {
    const words = "expected values of the call of compose at hand, got one that was kept from another";
    for (const [what, where] of [
      ["given", "[Linear a]"],
      ["made", "[Add]"],
    ] as const) {
      const model = keeping(what);
      model.forward(rows);
      refuses(() => model.forward(randn([3, 4])), "E_STATE", `${where} ${words}`);
    }
  });

  it("is refused where it is given back", () => {
    const model = keeping("returned");
    model.forward(rows);
    refuses(() => model.forward(randn([3, 4])), "E_STATE", "[Made] expected compose to give", "kept from another call");
  });
});
