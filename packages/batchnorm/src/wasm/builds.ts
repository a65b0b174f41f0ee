/**
 * The two WebAssembly builds of the kernels: which one this platform can run, and instances of it.
 */
import { inflateSync } from "fflate";
import { BatchNormError } from "../errors.ts";
import { deflated, sliceEnds } from "../kernels/builds.gen.ts";

/** "relaxed" fuses products and sums where the hardware does; "simd" gives the same bits on every machine. */
export type WasmBuild = "relaxed" | "simd";

/** What assembly/threads.ts exports: see there. */
export interface Exports {
  walkAlone(control: number, list: number, count: number): void;
  open(control: number, list: number, count: number): void;
  walk(control: number, maySleep: number): void;
  fail(control: number): void;
  settle(control: number): void;
  listen(control: number, heard: number): number;
  close(control: number): void;
}

let slices: Uint8Array[] | undefined;

function bytesOf(build: WasmBuild): Uint8Array<ArrayBuffer> {
  if (!slices) {
    const packed = Uint8Array.from(atob(deflated), (c) => c.charCodeAt(0));
    const all = inflateSync(packed, { out: new Uint8Array(sliceEnds[sliceEnds.length - 1]) });
    slices = sliceEnds.map((end, i) => all.subarray(i && sliceEnds[i - 1], end));
  }
  const own = slices.filter((_, i) => (i % 2 === 0) === (build === "simd"));
  const bytes = new Uint8Array(own.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const slice of own) {
    bytes.set(slice, at);
    at += slice.length;
  }
  return bytes;
}

/**
 * Node before 22 has relaxed SIMD behind a flag that can be set until the first module is compiled, and that a later
 * V8 does not know and dies of: hence the test of the version.
 */
function allowRelaxedSimd(): void {
  const major = typeof process === "object" ? Number(process.versions?.node?.split(".")[0]) : Number.NaN;
  if (major < 22) process.getBuiltinModule?.("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
}

let best: WasmBuild | undefined;

/**
 * The fastest build that this platform runs.
 *
 * @throws BatchNormError E_PLATFORM when it has no WebAssembly SIMD
 */
export function bestBuild(): WasmBuild {
  if (best) return best;
  if (typeof WebAssembly !== "object") throw noSimd();
  allowRelaxedSimd();
  if (WebAssembly.validate(bytesOf("relaxed"))) best = "relaxed";
  else if (WebAssembly.validate(bytesOf("simd"))) best = "simd";
  else throw noSimd();
  return best;
}

function noSimd(): BatchNormError {
  return new BatchNormError(
    "E_PLATFORM",
    "kernels",
    "expected a platform with WebAssembly SIMD and threads; it has none",
  );
}

/** The build's module. One that is to run on memory that is not shared has the import of its memory changed so. */
export function compileBuild(build: WasmBuild, shared: boolean): WebAssembly.Module {
  if (build === "relaxed") allowRelaxedSimd();
  const code = bytesOf(build);
  return new WebAssembly.Module(shared ? code : withoutSharing(code));
}

/** "env" "memory", kind memory (2), limits with a maximum and shared (3): the last becomes unshared (1). */
function withoutSharing(code: Uint8Array): Uint8Array<ArrayBuffer> {
  const pattern = [3, ...ascii("env"), 6, ...ascii("memory"), 2, 3];
  const copy = Uint8Array.from(code);
  for (let i = 0; i + pattern.length <= copy.length; i++) {
    if (pattern.every((byte, j) => copy[i + j] === byte)) {
      copy[i + pattern.length - 1] = 1;
      return copy;
    }
  }
  throw new BatchNormError("E_PLATFORM", "kernels", "expected the kernels to import a shared memory; they do not");
}

function ascii(text: string): number[] {
  return [...text].map((c) => c.charCodeAt(0));
}

/** The kernels over one memory, with their scratch memory at the given address. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, scratch: number): Exports {
  const instance = new WebAssembly.Instance(module, { env: { memory }, scratch: { scratch } });
  return instance.exports as unknown as Exports;
}
