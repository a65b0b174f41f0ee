/** The names in a state dict that belong to one batch norm, as PyTorch gives them. */
export interface BatchNormKeys {
  /** Of the layer: "layer1.0.bn1"; "" where the dict is a batch norm's own. */
  readonly name: string;
  readonly runningMean: string;
  readonly runningVar: string;
  readonly weight: string | null;
  readonly bias: string | null;
  readonly numBatchesTracked: string | null;
}

/**
 * The batch norms of a state dict: whatever has a `running_mean` and a `running_var`, in the dict's order. Layers without
 * running statistics cannot be told from others by their names, and are not found.
 */
export function batchNormKeys(names: Iterable<string>): BatchNormKeys[] {
  const all = new Set(names);
  const suffix = "running_mean";
  return [...all].flatMap((runningMean) => {
    const prefix = runningMean.slice(0, -suffix.length);
    const known = (key: string) => (all.has(prefix + key) ? prefix + key : null);
    const runningVar = known("running_var");
    if (prefix + suffix !== runningMean || !(prefix === "" || prefix.endsWith(".")) || !runningVar) return [];
    const name = prefix.slice(0, -1);
    const rest = { weight: known("weight"), bias: known("bias"), numBatchesTracked: known("num_batches_tracked") };
    return { name, runningMean, runningVar, ...rest };
  });
}
