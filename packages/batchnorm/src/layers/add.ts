import { check } from "../errors.ts";
import { Operation } from "../module/operation.ts";
import { activationGrad } from "../ops/activation.ts";
import { addition } from "../plan/addition.ts";
import type { Epilogue, Value } from "../plan/graph.ts";
import type { Site } from "../plan/site.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";

/** The sum of two values, as an operation of a graph. */
class Add extends Operation {
  override get attached(): boolean {
    return false;
  }

  override infer(a: readonly number[], b: readonly number[]): readonly number[] {
    check(sameShape(a, b), "E_SHAPE", "add", () => {
      return `expected two values of one shape, got ${formatShape(a)} and ${formatShape(b)}`;
    });
    return a;
  }

  override fuses(epilogue: Epilogue): boolean {
    return epilogue === "relu";
  }

  override bind(site: Site): void {
    const [a, b] = site.inputs;
    const y = site.output(0);
    site.add(addition({ a: a.at, b: b.at, sum: y.at }, y.size, site.floor));
    const relu = site.epilogue === "relu";
    site.backward(relu ? [y] : [], (dy) => {
      const passed = relu ? site.writable(dy) : dy;
      if (relu) activationGrad(site, "relu", { y: y.at, dy, dx: passed }, y.size);
      site.pass(passed, 0);
      site.pass(passed, 1);
    });
  }
}

const operation = new Add();

/**
 * a + b, of one shape.
 *
 * @throws BatchNormError E_SHAPE for two shapes
 */
export function add(a: Value, b: Value): Value {
  return operation.of(a, b);
}
