/** What the CPU device makes of platforms that have less. */
import { expect, test } from "vitest";
import { linesOf } from "../support/process.ts";

/** A short training run, and the bits of the weights after it. */
const training = `
  const { BatchNorm, Linear, SGD, Sequential, Sigmoid, Trainer, randn, manualSeed } = await import("batchnorm");
  manualSeed(1);
  const model = new Sequential(new Linear(64, 512), new BatchNorm(512), new Sigmoid(), new Linear(512, 10));
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), threads: 3 });
  for (let i = 0; i < 3; i++) await trainer.step(randn([256, 64]), Uint8Array.from({ length: 256 }, (_, j) => j % 10));
  const { threads, memory, build } = trainer.device;
  await trainer.close();
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for (const { data } of Object.values(model.stateDict())) hash.update(new Uint8Array(data.buffer));
  console.log(threads, memory.shared);
  console.log(build);
  console.log(hash.digest("hex"));
`;

test("without shared memory the device runs on one thread, to the same bits", async () => {
  const [sharing, build, bits] = await linesOf(training);
  expect(sharing).toBe("3 true");
  const missing = await linesOf(`delete globalThis.SharedArrayBuffer; ${training}`);
  expect(missing).toEqual(["1 false", build, bits]);
  const notIsolated = await linesOf(`globalThis.crossOriginIsolated = false; ${training}`);
  expect(notIsolated).toEqual(["1 false", build, bits]);
});

const builds = `
  const { WasmDevice } = await import("batchnorm");
  const options = [{}, { deterministic: "everywhere" }, { threads: 2 }];
  console.log(...options.map((each) => new WasmDevice(each).build));
`;

test("this version of Node gets relaxed SIMD, on Node 20 too, where it has to be asked for", async () => {
  expect(await linesOf(builds)).toEqual(["relaxed simd relaxed"]);
});

test("relaxed SIMD comes with the library alone, after other modules have been compiled", async () => {
  const other = "new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));";
  expect(await linesOf(`${other} ${builds}`)).toEqual(["relaxed simd relaxed"]);
});

test("where relaxed SIMD is not valid, plain SIMD runs", async () => {
  const lines = await linesOf(`
    const { validate } = WebAssembly;
    let first = true;
    WebAssembly.validate = (bytes) => { const valid = !first && validate(bytes); first = false; return valid; };
    ${builds}
  `);
  expect(lines).toEqual(["simd simd simd"]);
});

test.each([
  ["without SIMD", "WebAssembly.validate = () => false;"],
  ["without WebAssembly", "delete globalThis.WebAssembly;"],
])("%s the first call says what is missing, with E_PLATFORM", async (_, less) => {
  const lines = await linesOf(`
    ${less}
    const { BatchNorm, randn } = await import("batchnorm");
    const bn = new BatchNorm(64); // needs nothing yet
    try { bn.forward(randn([32, 64])); } catch (error) { console.log(error.code, error.message); }
  `);
  expect(lines).toEqual(["E_PLATFORM [kernels] expected a platform with WebAssembly SIMD and threads; it has none"]);
});
