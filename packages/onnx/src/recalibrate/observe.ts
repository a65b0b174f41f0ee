import { ChannelMoments, Random } from "batchnorm";
import { check } from "../errors.ts";
import type { OnnxModel } from "../model/file.ts";
import { drawInputs } from "../verify/inputs.ts";
import { openSession, type Runtime, runOn } from "../verify/runtime.ts";
import { numbersFrom } from "../verify/values.ts";
import type { InputBatches } from "./batches.ts";

/**
 * The moments of some of a model's values over all batches, in the values' order. Channels are on axis 1.
 *
 * @param channels  of each value
 * @param progress  called after each batch
 * @throws          OnnxError E_RUN when onnxruntime does not take or run the model; E_VALUE without batches, or for one
 *                  that does not fit the model's inputs
 */
export async function observe(
  runtime: Runtime,
  model: OnnxModel,
  channels: ReadonlyMap<string, number>,
  batches: InputBatches,
  progress: () => void,
): Promise<Map<string, ChannelMoments>> {
  const moments = new Map([...channels].map(([name, count]) => [name, new ChannelMoments(count)]));
  const session = await openSession(runtime, model, "the model", { optimized: true, threads: 0 });
  try {
    for await (const batch of batches()) {
      const missing = session.inputNames.find((name) => !Object.hasOwn(batch, name));
      check(missing === undefined, "E_VALUE", () => `expected values for input "${missing}" in every batch, got none`);
      const inputs = drawInputs(session, { inputs: batch }, new Random(0));
      const outputs = await runOn(runtime, session, inputs, "the model");
      for (const [name, each] of moments) add(each, name, outputs[name]);
      progress();
    }
  } finally {
    await session.release();
  }
  const empty = [...moments.values()].every(({ count }) => count === 0);
  check(!empty, "E_VALUE", () => "expected at least one batch in every pass, got none");
  return moments;
}

type Output = Awaited<ReturnType<typeof runOn>>[string];

function add(moments: ChannelMoments, name: string, { type, data, dims }: Output): void {
  const fits = dims.length >= 2 && dims[1] === moments.mean.length;
  check(fits, "E_VALUE", () => {
    return `expected what goes into a batch norm, "${name}", to have ${moments.mean.length} channels, got shape [${dims.join(", ")}]`;
  });
  const values = data instanceof Float32Array ? data : numbersFrom(type, data as ArrayLike<unknown>);
  check(values !== null, "E_VALUE", () => `expected "${name}" to hold numbers, got ${type}`);
  moments.add(values instanceof Float32Array ? values : Float32Array.from(values), { shape: dims, axis: 1 });
}
