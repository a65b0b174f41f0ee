// @ts-check
// ONNX Runtime on the CPU, batch norm folded into the convolutions. Argument: threads.

import { channelsFirst, tensor } from "batchnorm";
import * as ort from "onnxruntime-node";
import { imageBatches } from "./data.mjs";
import { trained } from "./networks.mjs";
import { onnxFile } from "./onnxfile.mjs";
import { serve } from "./serve.mjs";

const threads = Number(process.argv[2]);

await serve(async () => ({
  versions: { "ONNX Runtime": ort.env.versions.node ?? "" },
  prepare: async (c) => {
    const { batch = 1 } = c;
    const images = channelsFirst(tensor(imageBatches(c, batch)[0].x, [batch, ...c.shape]));
    const file = onnxFile(trained(c), [...images.shape], [batch, 10]);
    const session = await ort.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
    });
    const x = new ort.Tensor("float32", images.data, images.shape);
    const run = async () => Object.values(await session.run({ x }))[0];
    return {
      asynchronous: true,
      images: batch,
      run,
      check: async () => [.../** @type {Float32Array} */ ((await run()).data)],
    };
  },
}));
