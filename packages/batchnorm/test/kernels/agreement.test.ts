import { WasmDevice } from "batchnorm";
import { describe, expect, test } from "vitest";
import { specification } from "#dist/kernels/contract/index.js";
import { type KernelName, kernelNames } from "#dist/kernels/contract.js";
import { largest, sameBytes } from "../support/data.ts";
import { type KernelRun, type Numbers, numbersOf, runKernel, type Values } from "../support/kernel.ts";
import { specs } from "./cases/index.ts";

const devices = { simd: new WasmDevice({ build: "simd" }), relaxed: new WasmDevice({ build: "relaxed" }) };

/** The first value that is further from the reference than the kernel's bound. */
function disagreement(name: KernelName, numbers: Numbers, got: KernelRun, want: KernelRun): string | null {
  for (const [out, bound] of Object.entries(specification[name].writes)) {
    const [a, b] = [got.after[out], want.after[out]];
    if (!a) continue;
    const limit = bound(largest(b.filter(Number.isFinite)), numbers);
    // NaN and the infinities agree with themselves alone.
    const at = a.findIndex((v: number, i: number) => !(Object.is(v, b[i]) || Math.abs(v - b[i]) <= limit));
    if (at >= 0) return `${out}[${at}] is ${a[at]}, not ${b[at]} ± ${limit}`;
  }
  return null;
}

function sameResults(outs: string[], a: KernelRun, b: KernelRun): boolean {
  return outs.filter((out) => a.after[out]).every((out) => sameBytes(a.after[out], b.after[out]));
}

describe.each(kernelNames)("%s", (name) => {
  const spec = specs[name];
  const outs = Object.keys(specification[name].writes);

  test("is within its bound of the reference in both builds, and writes nothing but its results", () => {
    for (const kernelCase of spec.cases()) {
      const want = runKernel("reference", name, kernelCase, outs);
      expect(want.damage, `reference: ${kernelCase.label}`).toEqual([]);
      for (const build of ["simd", "relaxed"] as const) {
        const where = `${build}: ${kernelCase.label}`;
        const got = runKernel(devices[build], name, kernelCase, outs);
        expect(disagreement(name, numbersOf(kernelCase), got, want), where).toBeNull();
        expect(got.damage, where).toEqual([]);
      }
    }
  });

  test.each(spec.inPlace ?? [])("gives the same bits where %s is written over %s", (out, input) => {
    let compared = 0;
    for (const kernelCase of spec.cases()) {
      // Arrays of two sizes are never one.
      if ((kernelCase.args[out] as Values)?.length !== (kernelCase.args[input] as Values)?.length) continue;
      compared++;
      for (const bench of ["reference", devices.simd, devices.relaxed] as const) {
        const apart = runKernel(bench, name, kernelCase, outs);
        const over = runKernel(bench, name, kernelCase, outs, { inPlace: [out, input] });
        expect(sameResults(outs, apart, over), kernelCase.label).toBe(true);
        expect(over.damage, kernelCase.label).toEqual([]);
      }
    }
    expect(compared).toBeGreaterThan(5);
  });

  test("gives the same bits wherever its arrays begin", () => {
    for (const [i, kernelCase] of [...spec.cases()].entries()) {
      for (const build of ["simd", "relaxed"] as const) {
        const aligned = runKernel(devices[build], name, kernelCase, outs);
        const moved = runKernel(devices[build], name, kernelCase, outs, { shift: 1 + (i % 3) });
        expect(sameResults(outs, aligned, moved), `${build}: ${kernelCase.label}`).toBe(true);
        expect(moved.damage).toEqual([]);
      }
    }
  });
});

const cuttable = kernelNames.filter((name) => specs[name].cut);
test.each(cuttable)("%s gives the same bits however its work is cut into tasks", (name) => {
  const spec = specs[name];
  const { argument, unit, most = Number.POSITIVE_INFINITY, count } = spec.cut!;
  const outs = Object.keys(specification[name].writes);
  for (const kernelCase of spec.cases()) {
    const total = count(numbersOf(kernelCase));
    const cut = (each: number) => ({
      ...kernelCase,
      args: { ...kernelCase.args, [argument]: each },
      tasks: Math.ceil(total / each),
    });
    for (const build of ["simd", "relaxed"] as const) {
      const fine = runKernel(devices[build], name, cut(unit), outs);
      const coarse = runKernel(devices[build], name, cut(Math.min(most, Math.ceil(total / unit) * unit)), outs);
      expect(sameResults(outs, fine, coarse), `${build}: ${kernelCase.label}`).toBe(true);
    }
  }
});
