/** The cases of test/conformance: what PyTorch gave, computed in float64. */

/** An array: float64 values in base64. */
export interface Packed {
  shape: number[];
  f64: string;
}

export function unpack({ shape, f64 }: Packed): { shape: number[]; data: Float64Array } {
  const bytes = Uint8Array.from(atob(f64), (character) => character.charCodeAt(0));
  return { shape, data: new Float64Array(bytes.buffer) };
}

/** A whole training run. */
export interface Run {
  optimizer: { kind: "sgd"; lr: number; momentum: number; weightDecay: number };
  initial: Record<string, Packed>;
  steps: { input: Packed; labels: number[]; loss: number }[];
  final: Record<string, Packed>;
  eval: { input: Packed; logits: Packed };
}

const runs = import.meta.glob<Run>("../conformance/training/*.json", { eager: true, import: "default" });

/** @param name  of the file, without its ending */
export const trainingRun = (name: string): Run => runs[`../conformance/training/${name}.json`];
