import { BatchNorm } from "../layers/batchnorm.ts";
import type { Layer } from "../module/layer.ts";
import type { Exchange } from "../ops/normalization/exchange.ts";

/**
 * Every batch norm of a model takes its statistics from all shares of a batch, forward and backward, as if one process had
 * the whole batch. Shares are merged by how many values they have; one without any takes part too.
 *
 * A batch norm with `virtualBatchSize` is left as it is: its statistics are those of a few examples on purpose.
 *
 * @param exchange  who has the other shares; null: statistics are those of each share again
 * @returns         the model
 */
export function synchronize<Model extends Layer>(model: Model, exchange: Exchange | null): Model {
  for (const layer of model.modules()) {
    if (layer instanceof BatchNorm && !layer.virtualBatchSize) layer.exchange = exchange;
  }
  return model;
}
