import { experiment } from "#dist/experiments/bias-drift/index.js";
import { reproduces } from "../../support/reproduces.ts";

reproduces(experiment, { steps: 20, runs: [4] });
