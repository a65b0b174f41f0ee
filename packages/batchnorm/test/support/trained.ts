import { BatchNorm, type Layer } from "batchnorm";
import { normals } from "./data.ts";
import { setAffine } from "./layers.ts";

/** Gives batch norms running statistics, gammas and betas as after training, of both signs and all sizes. */
export function asTrained<T extends Layer>(model: T, seed = 1): T {
  for (const [i, layer] of [...model.modules()].entries()) {
    if (!(layer instanceof BatchNorm)) continue;
    const n = layer.numFeatures;
    setAffine(layer, seed + 100 * i);
    if (layer.runningMean) {
      layer.setRunningStats(
        normals(seed + 100 * i + 2, n),
        normals(seed + 100 * i + 3, n, 0, 1.5).map((v) => 0.1 + v * v),
      );
    }
  }
  return model;
}
