import { parentPort, workerData } from "node:worker_threads";
import type { SharedData } from "../datasets/shared.ts";
import { runDrift } from "./drift.ts";
import { runImages } from "./images.ts";
import type { RunReply, RunReporter, RunRequest } from "./messages.ts";
import { runNetwork } from "./network.ts";
import { runShift } from "./shift.ts";
import type { RunResult } from "./spec.ts";
import { runTraining } from "./training.ts";

/** A worker thread of the pool: carries out one run at a time on the images that all workers share. */
const data = workerData as SharedData;
const send = (reply: RunReply) => parentPort?.postMessage(reply);
const reporter: RunReporter = {
  advanced: (step) => send({ kind: "progress", step }),
  saved: (checkpoint) => send({ kind: "checkpoint", checkpoint }),
};

parentPort?.on("message", async (request: RunRequest) => {
  send({ kind: "finished", result: await carryOut(request) });
});

async function carryOut({ spec, weights, checkpoint }: RunRequest): Promise<RunResult> {
  switch (spec.kind) {
    case "training":
      return runTraining(spec, data, reporter.advanced);
    case "drift":
      return runDrift(spec, data, reporter.advanced);
    case "images":
      return runImages(spec, data, reporter, checkpoint);
    case "network":
      return runNetwork(spec, data, reporter, checkpoint);
    case "shift":
      return runShift(spec, data, weights, reporter.advanced);
  }
}
