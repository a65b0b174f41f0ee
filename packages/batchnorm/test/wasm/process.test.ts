/** How processes that use threads end. */
import { expect, test } from "vitest";
import { linesOf, runChild } from "../support/process.ts";

const training = `
  import { BatchNorm, Linear, SGD, Sequential, Trainer, randn } from "batchnorm";
  const model = new Sequential(new Linear(64, 512), new BatchNorm(512), new Linear(512, 10));
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), threads: 3 });
  const step = () => trainer.step(randn([256, 64]), new Uint8Array(256));
`;

test("a program that leaves a trainer's threads open ends by itself", async () => {
  const { code, stdout } = await runChild(`${training} await step(); console.log("done", trainer.device.threads);`);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "done 3\n" });
});

test("a program that throws between two steps ends with its own error", async () => {
  const { code, stderr } = await runChild(`${training} await step(); throw new Error("of the user's own");`);
  expect(code).toBe(1);
  expect(stderr).toContain("of the user's own");
});

test("Ctrl-C ends a program that is busy training on threads", async () => {
  const { signal } = await runChild(`${training} await step(); console.log("busy"); for (;;) await step();`, {
    interrupt: "SIGINT",
  });
  expect(signal).toBe("SIGINT");
});

test("a program that handles Ctrl-C can close its trainer and go on", async () => {
  const program = `${training}
    let stop = false;
    process.once("SIGINT", () => { stop = true; });
    console.log("busy");
    while (!stop) { await step(); await new Promise((resolve) => setImmediate(resolve)); }
    await trainer.close();
    console.log("closed");
  `;
  const { code, stdout } = await runChild(program, { interrupt: "SIGINT" });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "busy\nclosed\n" });
});

test("closing ends the threads: none is left of many devices", async () => {
  const lines = await linesOf(`
    import { WasmDevice } from "batchnorm";
    const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
    const threads = () => process.report.getReport().workers.length;
    const devices = Array.from({ length: 4 }, () => new WasmDevice({ threads: 3 }));
    while (threads() < 8) await turn();
    for (const device of devices) device.close();
    while (threads() > 0) await turn();
    console.log("none");
  `);
  expect(lines).toEqual(["none"]);
});
