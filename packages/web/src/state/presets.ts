import { type Experiment, PAPER } from "./experiment.ts";

/** One of the paper's stories, to be told by one click. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** what to look for, in a few words */
  readonly words: string;
  readonly experiment: Experiment;
  /** the panel that tells it: the race, or the glass */
  readonly place: "race" | "glass";
}

const all = (layers: number): readonly boolean[] => Array.from({ length: layers }, () => true);

export const PRESETS: readonly Preset[] = [
  {
    name: "stuck",
    title: "The sigmoid gets stuck",
    words: "Without batch norm, nothing moves for thousands of steps.",
    experiment: { ...PAPER, norms: all(5) },
    place: "race",
  },
  {
    name: "fast",
    title: "Learning rate ×30",
    words: "3 instead of 0.1: one learns faster, one breaks.",
    experiment: { ...PAPER, activation: "relu", learningRate: 3 },
    place: "race",
  },
  {
    name: "start",
    title: "A bad start, rescued",
    words: "Weights that begin a hundred times too small.",
    experiment: { ...PAPER, sigma: 0.001 },
    place: "race",
  },
  {
    name: "two",
    title: "A batch of two",
    words: "Where batch norm loses: two images say little.",
    experiment: { ...PAPER, activation: "relu", learningRate: 0.1, batchSize: 2 },
    place: "race",
  },
  {
    name: "drift",
    title: "Bias drift",
    words: "Take μ for a constant, and a bias runs away.",
    experiment: PAPER,
    place: "glass",
  },
];

/** The preset that the page opens with. */
export const FIRST = PRESETS[0];
