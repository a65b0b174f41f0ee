import { parentPort, workerData } from "node:worker_threads";
import type { SharedData } from "../datasets/shared.ts";
import { ALONE } from "../team/team.ts";
import type { RunKind } from "./kind.ts";
import type { RunReply, RunRequest } from "./messages.ts";

/** A worker thread of the pool: carries out one run at a time on the images that all workers share. */
const data = workerData as SharedData;
const send = (reply: RunReply) => parentPort?.postMessage(reply);

parentPort?.on("message", async ({ module, spec, input, checkpoint }: RunRequest) => {
  const { kind }: { kind: RunKind } = await import(module);
  const result = await kind.carryOut(spec, data, {
    advanced: (step) => send({ kind: "progress", step }),
    saved: (saved) => send({ kind: "checkpoint", checkpoint: saved }),
    input,
    checkpoint,
    team: ALONE,
  });
  send({ kind: "finished", result });
});
