import { check } from "../errors.ts";
import { copyColumnsCall } from "../ops/combine.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Layer } from "./layer.ts";
import type { Plan, Value } from "./plan.ts";

/**
 * The results of several branches for the same input, side by side in the last axis. State-dict names: "0.…", "1.…".
 *
 * @throws BatchNormError E_VALUE without branches; `forward` E_SHAPE when their results differ in more than channels
 * @see    Szegedy et al. 2015, "Going Deeper with Convolutions"
 */
export class Concat extends Layer {
  readonly branches: readonly Layer[];

  constructor(...branches: Layer[]) {
    super();
    check(branches.length > 0, "E_VALUE", "Concat", () => "expected at least one branch, got none");
    this.branches = branches;
  }

  override children(): [string, Layer][] {
    return this.branches.map((branch, i) => [String(i), branch]);
  }

  protected override bind(plan: Plan, x: Value): Value {
    const { engine, arena } = plan;
    const forks = plan.fork(x, this.branches.length);
    const parts = this.branches.map((branch, i) => branch.attach(plan, forks[i]));
    const space = parts[0].shape.slice(0, -1);
    check(
      parts.every((part) => sameShape(part.shape.slice(0, -1), space)),
      "E_SHAPE",
      "Concat",
      () => `expected branches that differ in channels alone, got ${parts.map((p) => formatShape(p.shape)).join(", ")}`,
    );
    const channels = parts.map((part) => part.shape[part.shape.length - 1]);
    const width = channels.reduce((a, b) => a + b);
    const y = plan.value([...space, width]);
    const rows = y.size / width;
    let before = 0;
    for (const [i, part] of parts.entries()) {
      const columns = channels[i];
      const inY = (at: number) => ({ at: at + 4 * before, width });
      const own = (at: number) => ({ at, width: columns });
      const forward = copyColumnsCall(engine, arena, rows, columns, own(part.at), inY(y.at));
      const backward = part.grad ? copyColumnsCall(engine, arena, rows, columns, inY(y.grad), own(part.grad)) : null;
      plan.add(
        () => forward.run(),
        () => backward?.run(),
      );
      before += columns;
      plan.handOver(part, y);
    }
    return y;
  }
}
