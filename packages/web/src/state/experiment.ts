/** What a hidden layer does to its inputs. */
export const ACTIVATIONS = ["sigmoid", "tanh", "relu"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** By which statistics batch norm is measured: the averages kept while training, or those of each batch itself. */
export const STATISTICS = ["running", "batch"] as const;
export type Statistics = (typeof STATISTICS)[number];

/** Everything that decides what the two networks do. The same experiment gives the same curves. */
export interface Experiment {
  readonly learningRate: number;
  /** standard deviation of the initial weights */
  readonly sigma: number;
  /** images a step */
  readonly batchSize: number;
  readonly activation: Activation;
  /** units of each hidden layer */
  readonly width: number;
  /** for each hidden layer, whether it has batch norm in the network that has any */
  readonly norms: readonly boolean[];
  readonly statistics: Statistics;
  /** of the initial weights and of the order of the images */
  readonly seed: number;
}

/** The settings that are numbers, and between which values they may be. */
export interface Limits {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

export const LIMITS = {
  learningRate: { least: 0.0001, most: 1000, whole: false },
  sigma: { least: 0.0001, most: 100, whole: false },
  batchSize: { least: 2, most: 500, whole: true },
  width: { least: 1, most: 300, whole: true },
  seed: { least: 0, most: 999_999, whole: true },
} as const satisfies Partial<Record<keyof Experiment, Limits>>;

/** Hidden layers. */
export const MOST_LAYERS = 8;

/** The paper's network of §4.1, at a learning rate that shows its point within a minute. */
export const PAPER: Experiment = {
  learningRate: 0.3,
  sigma: 0.1,
  batchSize: 60,
  activation: "sigmoid",
  width: 100,
  norms: [true, true, true],
  statistics: "running",
  seed: 1,
};

/** Whether two experiments train the same networks: how they are measured may differ. */
export function trainsAlike(a: Experiment, b: Experiment): boolean {
  return JSON.stringify({ ...a, statistics: "" }) === JSON.stringify({ ...b, statistics: "" });
}
