import type { ModelInput } from "../verify/values.ts";

/** Values for a model's inputs, by name. */
export type InputBatch = Readonly<Record<string, ModelInput>>;

/** Gives the batches, once for each pass. */
export type InputBatches = () => Iterable<InputBatch> | AsyncIterable<InputBatch>;
