// @ts-check
// batchnorm as a user calls it: layer.forward and layer.backward on ordinary Float32Arrays, copied into the engine and
// out again. Argument: threads.

import { BatchNorm, configure, tensor } from "batchnorm";
import { betas, gammas, sample, values } from "./data.mjs";
import { serve } from "./serve.mjs";

await serve(async () => {
  configure({ threads: Number(process.argv[2]) });
  return {
    versions: {},
    prepare: (c) => {
      const axis = c.layout === "NCHW" ? 1 : -1;
      const channels = /** @type {number} */ (c.shape.at(axis));
      const length = c.shape.reduce((a, b) => a * b, 1);
      const x = tensor(values(length, 1), c.shape);
      const dy = tensor(values(length, 2), c.shape);
      const fresh = () => {
        const layer = new BatchNorm(channels, { axis });
        layer.weight?.data.set(gammas(channels));
        layer.bias?.data.set(betas(channels));
        return layer;
      };
      const layer = fresh();
      if (c.kind === "bnForward") {
        return {
          run: () => void layer.forward(x),
          check: () => {
            const layer = fresh();
            return [...sample(layer.forward(x).data), layer.runningVar?.data[0] ?? Number.NaN];
          },
        };
      }
      return {
        run: () => {
          layer.forward(x);
          layer.backward(dy);
        },
        check: () => {
          const layer = fresh();
          layer.forward(x);
          const dx = layer.backward(dy);
          return [...sample(dx.data), ...[layer.weight, layer.bias].map((p) => p?.grad?.data[0] ?? Number.NaN)];
        },
      };
    },
  };
});
