import type { PackedDigits } from "../data/digits.ts";
import type { Spread } from "../network/spread.ts";
import type { ContestantName, Point } from "../state/contestants.ts";
import type { Activity, Failure, Order, Report, Snapshot, Task } from "./protocol.ts";

/** What became of a network, where it is not in its worker's hands. */
export interface Trouble {
  readonly message: string;
  /** whether the platform lacks something, so that starting again would not help */
  readonly platform: boolean;
}

/** One of the two networks, as the page knows it: its worker, and what the worker has reported. */
export class Contestant {
  readonly name: ContestantName;
  step = 0;
  stepsPerSecond = 0;
  activity: Activity = "paused";
  /** Whether the worker has reported anything of this run. */
  ready = false;
  /** Changes whenever points or spreads do. */
  measurement = 0;
  points: Point[] = [];
  spreads: readonly Spread[] = [];
  probabilities: Float32Array | null = null;
  trouble: Trouble | null = null;
  readonly #changed: () => void;
  readonly #digits: PackedDigits;
  #worker: Worker | null = null;
  #run = 0;
  #drawing: Uint8Array | null = null;

  /** @param changed  called whenever there is something new to show */
  constructor(name: ContestantName, digits: PackedDigits, changed: () => void) {
    this.name = name;
    this.#digits = digits;
    this.#changed = changed;
  }

  /** Forgets everything; what the worker still reports of it is not heard. */
  clear(): void {
    this.#run++;
    this.pause();
    this.trouble = null;
    this.ready = false;
    this.step = 0;
    this.stepsPerSecond = 0;
    this.activity = "paused";
    this.measurement++;
    this.points = [];
    this.spreads = [];
    this.probabilities = null;
    this.#changed();
  }

  /**
   * Starts anew, with a new worker where the one before has died.
   *
   * @param until  train until so many steps; 0: wait
   */
  build(task: Task, until: number): void {
    this.clear();
    this.#worker ??= this.#start();
    if (until > 0) this.activity = "training";
    this.#send({ kind: "build", run: this.#run, task, until });
  }

  train(until: number): void {
    if (this.activity === "diverged" || this.trouble || this.step >= until) return;
    this.activity = "training";
    this.#send({ kind: "train", until });
  }

  pause(): void {
    this.#send({ kind: "pause" });
  }

  measure(statistics: Task["statistics"]): void {
    this.#send({ kind: "measure", statistics });
  }

  /** @param pixels  [784], 0 or 1; null when nothing is drawn */
  show(pixels: Uint8Array | null): void {
    this.#drawing = pixels;
    this.#send({ kind: "drawing", pixels });
  }

  #start(): Worker | null {
    try {
      const worker = new Worker(new URL("./main.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<Report>) => this.#hear(data);
      worker.onerror = (event) => this.#die(event.message);
      worker.postMessage({ kind: "digits", digits: this.#digits } satisfies Order);
      worker.postMessage({ kind: "drawing", pixels: this.#drawing } satisfies Order);
      return worker;
    } catch {
      this.trouble = { message: "This browser starts no workers, in which the networks would train.", platform: true };
      return null;
    }
  }

  #send(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #hear(report: Report): void {
    if (report.run !== this.#run) return;
    if (report.kind === "failure") this.#fail(report);
    else this.#take(report);
    this.#changed();
  }

  #take({ step, stepsPerSecond, activity, points, spreads, probabilities }: Snapshot): void {
    this.ready = true;
    this.step = step;
    this.stepsPerSecond = stepsPerSecond;
    this.activity = activity;
    this.points.push(...points);
    if (spreads) {
      this.spreads = spreads;
      this.measurement++;
    }
    this.probabilities = probabilities;
  }

  #fail({ message, platform }: Failure): void {
    this.#end();
    this.trouble = platform
      ? {
          message:
            "This browser has no WebAssembly with SIMD, which training needs. Chrome 91, Firefox 89, Safari 16.4 and later have.",
          platform,
        }
      : { message: `It stopped: ${message}`, platform };
  }

  #die(message: string | undefined): void {
    this.#end();
    this.trouble = {
      message: message ? `Its worker stopped: ${message}` : "Its worker could not be started.",
      platform: false,
    };
    this.#changed();
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.activity = "paused";
    this.stepsPerSecond = 0;
  }
}
