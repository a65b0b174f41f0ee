/** A worker of the page: trains one network, in slices between which it listens to the page. */
import { BatchNormError } from "batchnorm";
import type { Spread } from "../network/spread.ts";
import type { Point } from "../state/contestants.ts";
import { Pace } from "./pace.ts";
import type { Order, Report } from "./protocol.ts";
import { type Images, imagesOf, Training } from "./training.ts";

/** Milliseconds of training between two looks at what the page wants. */
const SLICE = 20;
/** Milliseconds between two reports, at least. */
const REPORT_EVERY = 100;

/** As much of a worker's global object as is used here. */
interface Scope {
  onmessage: ((event: { data: Order }) => void) | null;
  postMessage(report: Report): void;
}
const scope = self as unknown as Scope;

let images: Images | null = null;
let training: Training | null = null;
let run = 0;
/** Train until so many steps; not at all, where it is not more than have been taken. */
let until = 0;
let points: Point[] = [];
let spreads: readonly Spread[] | null = null;
let drawing: Uint8Array | null = null;
let reported = 0;
const pace = new Pace();

/** Gives messages a turn: a timer would wait for four milliseconds. */
const turn = new MessageChannel();
turn.port1.onmessage = () => inTurn(slice);
let waiting = false;

scope.onmessage = ({ data }) => inTurn(() => obey(data));

async function obey(order: Order): Promise<void> {
  if (order.kind === "digits") images = imagesOf(order.digits);
  else if (order.kind === "build") await build(order);
  else if (order.kind === "train") train(order.until);
  else if (order.kind === "pause") until = 0;
  else if (order.kind === "measure") await measure(order.statistics);
  else await name(order.pixels);
}

async function build(order: Order & { kind: "build" }): Promise<void> {
  if (!images) throw new Error("expected the digits before the first network; they have not come");
  training?.close();
  training = null;
  ({ run } = order);
  until = 0;
  training = new Training(order.task, images);
  points = [];
  keep(await training.measured());
  train(order.until);
  await report();
}

function train(steps: number): void {
  until = steps;
  pace.reset();
  next();
}

async function measure(statistics: Training["statistics"]): Promise<void> {
  if (!training) return;
  training.statistics = statistics;
  if (!isTraining()) await look();
}

async function name(pixels: Uint8Array | null): Promise<void> {
  drawing = pixels;
  if (!isTraining()) await report();
}

async function look(): Promise<void> {
  if (training && !training.diverged) ({ spreads } = await training.look());
  await report();
}

function isTraining(): boolean {
  return training !== null && !training.diverged && training.step < until;
}

function next(): void {
  if (waiting) return;
  waiting = true;
  turn.port2.postMessage(null);
}

async function slice(): Promise<void> {
  const current = training;
  if (current && isTraining()) {
    const measured = await current.slice(until, performance.now() + SLICE);
    if (measured) keep(measured);
  }
  waiting = false;
  if (isTraining()) {
    if (performance.now() - reported >= REPORT_EVERY) await report();
    next();
  } else await look();
}

function keep({ point, measurement }: Awaited<ReturnType<Training["measured"]>>): void {
  points.push(point);
  ({ spreads } = measurement);
}

async function report(): Promise<void> {
  if (!training) return;
  const { step, diverged } = training;
  reported = performance.now();
  scope.postMessage({
    kind: "snapshot",
    run,
    step,
    stepsPerSecond: isTraining() ? pace.at(step, reported) : 0,
    activity: diverged ? "diverged" : isTraining() ? "training" : "paused",
    points,
    spreads,
    probabilities: drawing && !diverged ? await training.name(drawing) : null,
  });
  points = [];
  spreads = null;
}

let last = Promise.resolve();

/** One thing after another: what waits for a network must not find another one when it goes on. */
function inTurn(work: () => Promise<void>): void {
  last = last.then(() => guarded(work));
}

/** Whatever goes wrong is said to the page, which says it to the person. */
async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting = false;
    until = 0;
    const platform = error instanceof BatchNormError && error.code === "E_PLATFORM";
    scope.postMessage({ kind: "failure", run, message: (error as Error).message, platform });
  }
}
