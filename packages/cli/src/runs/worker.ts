import { parentPort, workerData } from "node:worker_threads";
import type { Mnist } from "../datasets/mnist.ts";
import { runDrift } from "./drift.ts";
import type { RunReply, RunRequest } from "./messages.ts";
import { runTraining } from "./training.ts";

/** A worker thread of the pool: carries out one run at a time on the images that all workers share. */
const mnist = workerData as Mnist;
const send = (reply: RunReply) => parentPort?.postMessage(reply);
const report = (step: number) => send({ kind: "progress", step });

parentPort?.on("message", async ({ spec }: RunRequest) => {
  const result = spec.kind === "training" ? await runTraining(spec, mnist, report) : runDrift(spec, mnist, report);
  send({ kind: "finished", result });
});
