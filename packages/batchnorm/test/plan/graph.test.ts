import {
  add,
  BatchNorm,
  BatchNormError,
  Concat,
  concat,
  Linear,
  Module,
  ReLU,
  Residual,
  Sequential,
  type Value,
} from "batchnorm";
import { describe, expect, test } from "vitest";
import { Graph, type Traceable } from "#dist/plan/graph.js";
import { refuses } from "../support/refusal.ts";

/** A model as its graph: what each operation is, at which path, of which values; values by their number. */
function traced(model: Module, shape: readonly number[]) {
  const paths = new Map<Traceable, string>(model.namedModules().map(([path, layer]) => [layer, path]));
  const graph = new Graph((layer) => paths.get(layer) ?? null);
  const input = graph.input(shape);
  const output = graph.apply(model, [input]);
  const values = [input, ...graph.nodes.map((node) => node.output)];
  const nodes = graph.nodes.map(({ layer, path, inputs }) => {
    return `${path}:${layer.constructor.name}(${inputs.map((value) => values.indexOf(value))})`;
  });
  return { graph, nodes, input, output, values };
}

class Block extends Module {
  readonly first = new Linear(4, 4);
  readonly norms = [new BatchNorm(4), new BatchNorm(4)];
  readonly relu = new ReLU();

  override compose(x: Value): Value {
    const y = this.norms[0].of(this.first.of(x));
    return this.relu.of(add(this.norms[1].of(this.first.of(y)), x));
  }
}

describe("a graph", () => {
  test("has operations in an order in which they can run, at the paths of the state dict", () => {
    const { nodes, output, values } = traced(new Block(), [3, 4]);
    expect(nodes).toEqual([
      "first:Linear(0)",
      "norms.0:BatchNorm(1)",
      "first:Linear(2)",
      "norms.1:BatchNorm(3)",
      ":Add(4,0)",
      "relu:ReLU(5)",
    ]);
    expect(values.indexOf(output)).toBe(6);
  });

  test("gives paths of layers within layers, and additions those of the module around them", () => {
    const model = new Sequential(
      new Block(),
      new Residual(new Sequential(new Linear(4, 4), new ReLU())),
      new Concat(new ReLU(), new Block()),
    );
    const { nodes, output } = traced(model, [3, 4]);
    const paths = nodes.map((node) => node.replace(/:.*/, ""));
    expect(paths).toEqual([
      ..."0.first 0.norms.0 0.first 0.norms.1 0 0.relu".split(" "),
      ..."1.main.0 1.main.1 1".split(" "),
      ..."2.0 2.1.first 2.1.norms.0 2.1.first 2.1.norms.1 2.1 2.1.relu 2".split(" "),
    ]);
    expect(output.shape).toEqual([3, 8]);
  });

  test("knows who reads a value, twice where it is read twice", () => {
    class Twice extends Module {
      readonly relu = new ReLU();
      override compose(x: Value): Value {
        return concat(this.relu.of(x), x, add(x, x));
      }
    }
    const { graph, input, output, values } = traced(new Twice(), [3, 4]);
    expect([input, ...values.slice(1)].map((value) => graph.readers(value))).toEqual([4, 1, 1, 0]);
    expect(values.at(-1)).toBe(output);
  });

  test("knows what went into each layer, those made of others too", () => {
    const block = new Block();
    const { graph, input, values } = traced(block, [3, 4]);
    expect(graph.entered.get(block)).toEqual([input]);
    expect(graph.entered.get(block.norms[1])).toEqual([values[3]]);
    // Of one that is used twice, what went in at each use.
    expect(graph.entered.get(block.first)).toEqual([input, values[2]]);
  });

  test("without shapes has the same operations", () => {
    const model = new Block();
    const paths = new Map<Traceable, string>(model.namedModules().map(([path, layer]) => [layer, path]));
    const graph = new Graph((layer) => paths.get(layer) ?? null, { shapes: false });
    graph.apply(model, [graph.input([])]);
    expect(graph.nodes.map(({ path }) => path)).toEqual(traced(model, [3, 4]).graph.nodes.map(({ path }) => path));
    expect(graph.nodes.every(({ output }) => output.shape.length === 0)).toBe(true);
  });

  test("has shapes that nobody can change", () => {
    const { values } = traced(new Block(), [3, 4]);
    for (const { shape } of values) expect(() => (shape as number[]).push(1)).toThrow(TypeError);
  });
});

describe("refuses", () => {
  const compose = (body: (x: Value, model: Module & { relu: ReLU }) => Value) => {
    class Model extends Module {
      readonly relu = new ReLU();
      override compose(x: Value): Value {
        return body(x, this);
      }
    }
    return new Model();
  };

  test("a layer with weights that is no field of the model, and says where and what to do", () => {
    const model = new Sequential(
      new ReLU(),
      compose((x) => new Linear(4, 4).of(x)),
    );
    refuses(() => traced(model, [3, 4]), "E_STATE", "[Linear 1]", "a field of the module", "`readonly conv");
  });

  test("but not one that has none", () => {
    expect(
      traced(
        compose((x) => add(x, x)),
        [3, 4],
      ).nodes,
    ).toEqual([":Add(0,0)"]);
  });

  test("tensors and other things in place of values", () => {
    const tensor = { shape: [3, 4], size: 12 } as unknown as Value;
    const model = compose((x, { relu }) => x.graph.apply(relu, [tensor]));
    refuses(() => traced(model, [3, 4]), "E_SHAPE", "[ReLU relu]", "a tensor is for forward");
  });

  test("values that were kept from another call of compose", () => {
    let kept: Value | null = null;
    const model = compose((x, { relu }) => {
      kept ??= x;
      return relu.of(add(x, kept));
    });
    traced(model, [3, 4]);
    refuses(() => traced(model, [3, 4]), "E_STATE", "[Add]", "one that was kept from another");
  });

  test("shapes that do not fit, with the path of the layer that does not take them", () => {
    const model = new Sequential(new Linear(4, 5), new Sequential(new ReLU(), new Linear(4, 4)));
    refuses(() => traced(model, [3, 4]), "E_SHAPE", "[Linear 1.1]", "expected 4 features");
  });

  test("what goes wrong in a user's own code, with the path and the error as the cause", () => {
    const cause = new TypeError("of the user's own");
    const inner = compose(() => {
      throw cause;
    });
    const model = new Sequential(new ReLU(), new Sequential(inner));
    let error: unknown;
    try {
      traced(model, [3, 4]);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BatchNormError);
    expect(error).toMatchObject({ code: "E_STATE", path: "1.0", cause });
    expect((error as Error).message).toContain("TypeError: of the user's own");
  });
});
