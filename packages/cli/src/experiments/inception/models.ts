import { DROPOUT, FAST, ORDINARY, type Pace } from "../../networks/inception/settings.ts";

/** What the paper printed of a network on ImageNet (Figures 2 and 3). */
export interface Printed {
  /** null when it is not given */
  readonly learningRate: number | null;
  /** until Inception's best accuracy was reached; null when it never was */
  readonly steps: number | null;
  /** null for the accuracy of guessing */
  readonly accuracy: number | null;
}

/** One of the networks that the paper compares. */
export interface InceptionModel {
  readonly name: string;
  readonly batchNorm: boolean;
  readonly activation: "relu" | "sigmoid";
  readonly dropout: number;
  /** times the learning rate of Inception */
  readonly rateFactor: number;
  readonly pace: Pace;
  readonly paper: Printed;
}

/** The network that the others are measured by. */
export const REFERENCE = "Inception";

/** All of §4.2.2: the one without batch norm first. */
export const INCEPTIONS: readonly InceptionModel[] = [
  {
    name: REFERENCE,
    batchNorm: false,
    activation: "relu",
    dropout: DROPOUT,
    rateFactor: 1,
    pace: ORDINARY,
    paper: { learningRate: 0.0015, steps: 31_000_000, accuracy: 0.722 },
  },
  {
    name: "BN-Baseline",
    batchNorm: true,
    activation: "relu",
    dropout: DROPOUT,
    rateFactor: 1,
    pace: ORDINARY,
    paper: { learningRate: 0.0015, steps: 13_300_000, accuracy: 0.727 },
  },
  {
    name: "BN-x5",
    batchNorm: true,
    activation: "relu",
    dropout: 0,
    rateFactor: 5,
    pace: FAST,
    paper: { learningRate: 0.0075, steps: 2_100_000, accuracy: 0.73 },
  },
  {
    name: "BN-x30",
    batchNorm: true,
    activation: "relu",
    dropout: 0,
    rateFactor: 30,
    pace: FAST,
    paper: { learningRate: 0.045, steps: 2_700_000, accuracy: 0.748 },
  },
  {
    name: "BN-x5-Sigmoid",
    batchNorm: true,
    activation: "sigmoid",
    dropout: 0,
    rateFactor: 5,
    pace: FAST,
    paper: { learningRate: 0.0075, steps: null, accuracy: 0.698 },
  },
  {
    name: "Inception-Sigmoid",
    batchNorm: false,
    activation: "sigmoid",
    dropout: DROPOUT,
    rateFactor: 1,
    pace: ORDINARY,
    paper: { learningRate: null, steps: null, accuracy: null },
  },
];
