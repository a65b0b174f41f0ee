/** The two networks of the race, in the order in which the page shows them. */
export const CONTESTANTS = ["with", "without"] as const;
export type ContestantName = (typeof CONTESTANTS)[number];

/** What the page calls them. */
export const TITLES: Readonly<Record<ContestantName, string>> = {
  with: "With batch norm",
  without: "Without",
};

/** What was measured of one network after a number of steps. */
export interface Point {
  readonly step: number;
  /** mean over the steps since the point before; null where there were none */
  readonly loss: number | null;
  /** share of the test images that it names rightly */
  readonly accuracy: number;
  /** 15th, 50th and 85th percentile of what one unit of the last hidden layer is given */
  readonly percentiles: readonly [number, number, number];
}
