import type { Device, Layer, Tensor } from "batchnorm";
import { WasmDevice } from "batchnorm";
import { ReferenceDevice } from "batchnorm/reference";
import { afterAll, afterEach, describe } from "vitest";
import { Call } from "#dist/calls/call.js";
import { signatureOf } from "#dist/calls/signature.js";

/** What every suite of layers and trainers runs on. */
export const devices = {
  reference: () => new ReferenceDevice(),
  simd: () => new WasmDevice({ build: "simd" }),
  relaxed: () => new WasmDevice({ build: "relaxed" }),
} satisfies Record<string, () => Device>;
export type TestedDevice = keyof typeof devices;

/** Layers called on tensors on one device, whether JavaScript can see its memory or has to wait. */
export class Runs {
  readonly device: Device;
  readonly #convolution: "fast" | "accurate";
  readonly #calls = new Map<Layer, { key: string; call: Call }>();

  constructor(device: Device, convolution: "fast" | "accurate" = "fast") {
    this.device = device;
    this.#convolution = convolution;
  }

  async forward(layer: Layer, x: Tensor): Promise<Tensor> {
    const key = `${x.shape} ${signatureOf(layer)}`;
    let known = this.#calls.get(layer);
    if (known?.key !== key) {
      known?.call.release();
      this.#calls.delete(layer);
      known = { key, call: new Call(this.device, layer, x.shape, this.#convolution) };
      this.#calls.set(layer, known);
    }
    return known.call.forward(x);
  }

  /** The gradient of the input of the last forward pass; those of the parameters are added to theirs. */
  async backward(layer: Layer, dy: Tensor): Promise<Tensor> {
    return this.#calls.get(layer)!.call.backward(dy);
  }

  /** Gives memory back: nothing that was called can go back any more. */
  clear(): void {
    for (const { call } of this.#calls.values()) call.release();
    this.#calls.clear();
  }
}

/** The same tests on each device. */
export function onEveryDevice(suite: (run: Runs) => void): void {
  describe.each(Object.keys(devices) as TestedDevice[])("on the %s device", (name) => {
    const run = new Runs(devices[name]());
    afterEach(() => run.clear());
    afterAll(() => run.device.close());
    suite(run);
  });
}
