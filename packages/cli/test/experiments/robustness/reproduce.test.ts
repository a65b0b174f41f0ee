import { experiment } from "#dist/experiments/robustness/index.js";
import { reproduces } from "../../support/reproduces.ts";

reproduces(experiment, { steps: 20, runs: [24] });
