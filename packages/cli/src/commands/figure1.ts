import { loadMnist } from "../datasets/mnist.ts";
import { FIGURE1_SEARCH, FIGURE1_STEPS, type Figure1Results, figure1 } from "../experiments/figure1.ts";
import { figure1Figures, figure1Page, figure1Summary } from "../report/figure1.ts";
import type { Experiment } from "./experiment.ts";

const QUICK_SEARCH = { steps: 200, finalSteps: 600 };

/** @param repeatSearch  choose each network's best settings anew, and record the choice beside the report */
export function figure1Experiment(repeatSearch: boolean): Experiment<Figure1Results> {
  return {
    name: "figure1",
    load: loadMnist,
    perform(laboratory, request) {
      const steps = request.steps ?? FIGURE1_STEPS[request.quick ? "quick" : "full"];
      const rounds = request.quick ? QUICK_SEARCH : FIGURE1_SEARCH;
      const search = {
        ...FIGURE1_SEARCH,
        steps: Math.min(rounds.steps, steps),
        finalSteps: Math.min(rounds.finalSteps, steps),
      };
      return figure1(laboratory, { steps, search: repeatSearch ? search : null }, request);
    },
    figures: figure1Figures,
    page: figure1Page,
    summary: figure1Summary,
    extras: (results) => (repeatSearch ? { "figure1.choice.json": results.choice } : {}),
  };
}
