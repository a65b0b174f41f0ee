/** A machine on which JavaScript has a Float16Array, whichever this is. */
import { expect, it, vi } from "vitest";
import { feedsOf, loadRuntime } from "#dist/verify/runtime.js";

it("float16 goes to onnxruntime as bits, which its native side can read", async () => {
  // What the constructors of tensors look for, once: this file has a process of its own.
  vi.stubGlobal("Float16Array", class extends Uint16Array {});
  const data = Uint16Array.of(0x3c00, 0x4000);
  const { x } = feedsOf(await loadRuntime(), new Map([["x", { type: "float16", dims: [2], data }]]));
  expect(x).toMatchObject({ type: "float16", dims: [2] });
  expect(x.data).toBe(data);
});
