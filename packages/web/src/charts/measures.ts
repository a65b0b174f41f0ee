import type { Point } from "../state/contestants.ts";
import { percent } from "../words.ts";

/** Something that both networks are compared by, and how it is drawn. */
export interface Measure {
  readonly title: string;
  /** where the vertical axis ends; it begins at 0 */
  readonly most: number;
  readonly ticks: readonly number[];
  /** beside the axis */
  readonly format: (value: number) => string;
  /** in words */
  readonly say: (value: number) => string;
  readonly of: (point: Point) => number | null;
}

export const MEASURES: readonly Measure[] = [
  {
    title: "Test accuracy",
    most: 1,
    ticks: [0, 0.25, 0.5, 0.75, 1],
    format: (value) => `${Math.round(100 * value)}%`,
    say: percent,
    of: ({ accuracy }) => accuracy,
  },
  {
    title: "Training loss",
    // Guessing among ten digits has a loss of 2.3; much beyond is out of the picture.
    most: 3,
    ticks: [0, 1, 2, 3],
    format: String,
    say: (value) => (value < 100 ? value.toFixed(3) : "over 100"),
    of: ({ loss }) => loss,
  },
];
