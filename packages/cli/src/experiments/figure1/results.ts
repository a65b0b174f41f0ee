import type { Recorded } from "../../results/recorded.ts";
import type { Choice } from "./choice.ts";
import type { Comparison } from "./comparison.ts";
import type { SearchSize } from "./search.ts";

/** The paper's §4.1 and its Figure 1. */
export interface Figure1Results extends Recorded<"figure1"> {
  readonly steps: number;
  readonly batchSize: number;
  readonly hidden: readonly number[];
  /** index, from 0, of the sigmoid of the last hidden layer whose input is shown */
  readonly watchedUnit: number;
  readonly choice: Choice;
  /** both networks at one learning rate and σ, as in the paper */
  readonly same: Comparison;
  /** each network at its own best learning rate and σ */
  readonly best: Comparison;
}

export interface Figure1Size {
  readonly steps: number;
  /** the grid to search, where it is searched */
  readonly search: SearchSize;
}
