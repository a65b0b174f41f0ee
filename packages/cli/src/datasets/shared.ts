/** Images one after another, and a label for each, in memory that worker threads share without copying. */
export interface SharedImages {
  readonly length: number;
  /** [length, ...] bytes */
  readonly images: Uint8Array;
  /** [length], each 0 to 9 */
  readonly labels: Uint8Array;
}

/** What all data sets have in common. An experiment loads one, and every worker trains on the same memory. */
export interface SharedData {
  readonly train: SharedImages;
  readonly test: SharedImages;
  /** what the reports call it */
  readonly name: string;
  /** changes with any byte of its files */
  readonly fingerprint: string;
}
