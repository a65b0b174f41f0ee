import { GlassPicture, REACH } from "../charts/glass.ts";
import { normalize } from "../network/algorithm.ts";
import { fixed, plural } from "../words.ts";
import { choice } from "./choice.ts";
import { button, element, say } from "./element.ts";
import { formulaList } from "./formulas.ts";
import { slider } from "./slider.ts";

const START = {
  /** u, to which the bias is added: x = u + b */
  inputs: [-3.4, -2.3, -1.2, -0.2, 1.1],
  targets: [-0.8, 0.9, 0, 2.8, 1.9],
  gamma: 1,
  beta: 0,
  bias: 0,
  throughStatistics: true,
};

/** Of the bias. */
const LEARNING_RATE = 0.03;
const STEPS = 40;
/** Milliseconds between two steps that the eye is to follow. */
const PAUSE = 60;

const tenths = (reach: number) => Array.from({ length: 20 * reach + 1 }, (_, i) => Math.round(i - 10 * reach) / 10);

export interface Glass {
  /** Tells of the bias that runs away when mean and variance are taken for constants. */
  drift(): void;
}

/** One batch norm of five numbers, to be moved by hand, with its gradient; and §2's bias in front of it. */
export function glassPanel(host: HTMLElement): Glass {
  let state = START;
  let chosen = 1;
  let taken = 0;
  let timer = 0;

  const change = (part: Partial<typeof START>) => {
    state = { ...state, ...part };
    draw();
  };
  const byHand = (part: Partial<typeof START>) => {
    stop();
    taken = 0;
    change(part);
  };
  const replaced = (values: readonly number[], index: number, value: number) =>
    values.map((old, i) => (i === index ? value : old));

  const picture = new GlassPicture(START.inputs.length, {
    moveInput(index, value) {
      chosen = index;
      byHand({ inputs: replaced(state.inputs, index, value - state.bias) });
    },
    moveTarget(index, value) {
      chosen = index;
      byHand({ targets: replaced(state.targets, index, value) });
    },
  });
  const scale = (label: string, values: readonly number[], set: (value: number) => void) =>
    slider({ label, values, format: (value) => fixed(value, 2), change: set });
  const gamma = scale("γ", tenths(3), (value) => byHand({ gamma: value }));
  const beta = scale("β", tenths(3), (value) => byHand({ beta: value }));
  const bias = scale("b, a bias added to every x", tenths(5), (value) => byHand({ bias: value }));
  const gradient = choice(
    "The gradient takes μ and σ² for",
    "statistics-of-glass",
    [
      ["functions", "functions of x"],
      ["constants", "constants"],
    ],
    (value) => byHand({ throughStatistics: value === "functions" }),
  );
  const formulas = formulaList();
  const story = element("p", { class: "story" });
  const buttons = element(
    "div",
    { class: "buttons" },
    button("One step of b", () => {
      stop();
      descend();
    }),
    button(`${STEPS} steps`, () => run()),
    button("Start again", () => {
      stop();
      taken = 0;
      change(START);
    }),
  );
  const plot = element("div", { class: "plot" }, picture.element);
  host.append(
    element("div", { class: "picture" }, plot),
    element("div", { class: "turns" }, gamma.element, beta.element, bias.element, gradient.element, buttons, story),
    formulas.element,
  );
  new ResizeObserver(() => {
    picture.resize(plot.clientWidth);
    draw();
  }).observe(plot);

  function now() {
    const inputs = state.inputs.map((u) => u + state.bias);
    return { inputs, steps: normalize(inputs, state.targets, state) };
  }

  function descend(): void {
    const slope = now().steps.inputGradients.reduce((sum, value) => sum + value, 0);
    const next = state.bias - LEARNING_RATE * slope;
    taken++;
    change({ bias: Math.min(Math.max(next, -REACH), REACH) });
  }

  function run(): void {
    stop();
    taken = 0;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      while (taken < STEPS) descend();
      return;
    }
    timer = window.setInterval(() => {
      descend();
      if (taken >= STEPS) stop();
    }, PAUSE);
  }

  function stop(): void {
    window.clearInterval(timer);
  }

  function draw(): void {
    const { inputs, steps } = now();
    picture.draw(inputs, state.targets, steps);
    formulas.draw(inputs, state.targets, steps, state, chosen);
    gamma.set(state.gamma);
    beta.set(state.beta);
    bias.set(state.bias);
    gradient.set(state.throughStatistics ? "functions" : "constants");
    say(story, storyOf(taken, state.bias, steps.loss, state.throughStatistics));
  }

  draw();
  return {
    drift() {
      change({ ...START, throughStatistics: false });
      run();
    },
  };
}

function storyOf(taken: number, bias: number, loss: number, throughStatistics: boolean): string {
  const numbers = `b = ${fixed(bias, 2)}, loss ${fixed(loss, 2)}`;
  if (taken === 0) return `${numbers}. Let b follow its gradient: does the loss go down?`;
  const after = `After ${plural(taken, "step")}: ${numbers}.`;
  return throughStatistics
    ? `${after} The gradient of b is 0: what b adds, the mean takes away.`
    : `${after} b runs off, and y stays where it was: the loss is no better.`;
}
