import type { Place } from "../device/device.ts";
import type { Emitter, Operand } from "../plan/site.ts";

/** A loss bound to the output of a plan. */
export interface BoundLoss {
  /** Puts the targets in place. @throws BatchNormError when they do not fit */
  load(targets: ArrayLike<number> | ArrayLike<bigint>): void;
  /**
   * float64 [4]: the mean loss of the last run, and how many examples had their label on top (0 where there are no
   * labels); then the sums of both over several runs, the losses by how many examples a batch has.
   */
  readonly result: Place;
}

/** What training makes small. */
export interface Loss {
  readonly name: string;
  /**
   * Adds what computes the loss, and the gradient of the output.
   *
   * @param gradient  float32, as the output; null where nobody wants it
   */
  bind(emitter: Emitter, output: Operand, gradient: Place | null): BoundLoss;
}

/** Adds the sum of some losses, float64 [losses], over `divisor`, and counts what was right. */
export function tally(
  emitter: Emitter,
  parts: { loss: Place; losses: number; correct: Place | null; rows: number },
  divisor: () => number,
): Place {
  const result = emitter.doubles(4);
  const weight = emitter.number("f64", () => emitter.state.share.total);
  const numbers = { divisor: emitter.number("f64", divisor), weight };
  emitter.command("tally", { ...parts, ...numbers, result });
  return result;
}
