import { describe, expect, test } from "vitest";
import { kernelNames } from "#dist/kernels/contract.js";
import { bestBuild, compileBuild, instantiate } from "#dist/wasm/builds.js";

const memory = (shared: boolean) => new WebAssembly.Memory({ initial: 64, maximum: 64, shared });

describe.each(["simd", "relaxed"] as const)("the %s build", (build) => {
  test.each([true, false])("is made for memory that is shared: %s, and takes no other", (shared) => {
    const module = compileBuild(build, shared);
    const { walkAlone } = instantiate(module, memory(shared), 4096);
    expect(walkAlone).toBeTypeOf("function");
    expect(() => instantiate(module, memory(!shared), 4096)).toThrow(WebAssembly.LinkError);
  });

  test("knows as many kernels as the contract lists, and traps at a number that none has", () => {
    const own = memory(false);
    const words = new Int32Array(own.buffer);
    const { walkAlone } = instantiate(compileBuild(build, false), own, 4096);
    const [control, list, args] = [64, 2048, 3072];
    // Of zeros everywhere the last of them does nothing: an image of no rows.
    words.set([kernelNames.length - 1, args, 1, 0], list >> 2);
    walkAlone(control, list, 1);
    for (const number of [kernelNames.length, -1]) {
      words[list >> 2] = number;
      expect(() => walkAlone(control, list, 1)).toThrow(WebAssembly.RuntimeError);
    }
  });
});

test("the build that is chosen is one of the two, and always the same", () => {
  expect(["simd", "relaxed"]).toContain(bestBuild());
  expect(bestBuild()).toBe(bestBuild());
});
