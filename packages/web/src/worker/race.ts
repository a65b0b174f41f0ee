import type { PackedDigits } from "../data/digits.ts";
import { CONTESTANTS, type ContestantName } from "../state/contestants.ts";
import { type Experiment, trainsAlike } from "../state/experiment.ts";
import { Contestant } from "./contestant.ts";
import type { Task } from "./protocol.ts";

/** Steps after which training pauses by itself: a page that is forgotten does not go on for ever. */
const LEG = 10_000;
/** Milliseconds without a change before networks are built: a slider passes many values on its way. */
const QUIET = 150;

/** Both networks, in the same experiment. */
export class Race {
  readonly contestants: Readonly<Record<ContestantName, Contestant>>;
  #experiment: Experiment;
  /** Train until so many steps; 0 while nothing is to be trained. */
  #until = 0;
  #timer = 0;

  /** @param changed  called whenever there is something new to show */
  constructor(digits: PackedDigits, experiment: Experiment, changed: () => void) {
    this.contestants = {
      with: new Contestant("with", digits, changed),
      without: new Contestant("without", digits, changed),
    };
    this.#experiment = experiment;
    this.reset();
  }

  get #both(): Contestant[] {
    return CONTESTANTS.map((name) => this.contestants[name]);
  }

  get isTraining(): boolean {
    return this.#both.some(({ activity }) => activity === "training");
  }

  /** Changes the experiment; networks that trained before train on from the new start. */
  set(experiment: Experiment): void {
    const alike = trainsAlike(experiment, this.#experiment);
    const measuredAlike = experiment.statistics === this.#experiment.statistics;
    this.#experiment = experiment;
    if (!alike) this.#rebuild(this.isTraining ? LEG : this.#timer ? this.#until : 0);
    else if (!measuredAlike) for (const contestant of this.#both) contestant.measure(experiment.statistics);
  }

  start(): void {
    const furthest = Math.max(...this.#both.map(({ step }) => step));
    this.#until = (Math.floor(furthest / LEG) + 1) * LEG;
    if (!this.#timer) for (const contestant of this.#both) contestant.train(this.#until);
  }

  pause(): void {
    this.#until = 0;
    for (const contestant of this.#both) contestant.pause();
  }

  step(): void {
    for (const contestant of this.#both) contestant.train(contestant.step + 1);
  }

  reset(): void {
    this.#until = 0;
    this.#build();
  }

  /** Networks whose worker has died begin again. */
  restart(): void {
    for (const contestant of this.#both) {
      if (contestant.trouble) contestant.build(taskOf(this.#experiment, contestant.name), this.#until);
    }
  }

  /** @param pixels  [784], 0 or 1; null when nothing is drawn */
  show(pixels: Uint8Array | null): void {
    for (const contestant of this.#both) contestant.show(pixels);
  }

  #rebuild(until: number): void {
    this.#until = until;
    for (const contestant of this.#both) contestant.clear();
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#build(), QUIET);
  }

  #build(): void {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    for (const contestant of this.#both) contestant.build(taskOf(this.#experiment, contestant.name), this.#until);
  }
}

/** What one of the networks is to do in an experiment. */
function taskOf(experiment: Experiment, name: ContestantName): Task {
  const { norms, width, activation, sigma, seed, learningRate, batchSize, statistics } = experiment;
  const network = { norms: norms.map((norm) => norm && name === "with"), width, activation, sigma, seed };
  return { network, learningRate, batchSize, statistics, threads: threads() };
}

/** For each of the two networks; one where memory cannot be shared. */
function threads(): number {
  return crossOriginIsolated ? Math.max(1, Math.floor(navigator.hardwareConcurrency / 2)) : 1;
}
