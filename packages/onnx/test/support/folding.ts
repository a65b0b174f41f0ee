import { expect } from "vitest";
import {
  agree,
  type CompareOptions,
  compareModels,
  type FoldOptions,
  type FoldResult,
  foldBatchNorms,
  type OnnxModel,
} from "#dist/index.js";

/** The operators of a model's own graph, in its order. */
export function operators({ proto }: OnnxModel): string[] {
  return proto.graph.node.map(({ opType }) => opType);
}

/** Folds, and proves that onnxruntime gives the same results: outputs and the values where something was folded. */
export async function foldChecked(
  model: OnnxModel,
  { bound = 1e-5, affine = false, ...options }: CompareOptions & FoldOptions & { bound?: number } = {},
): Promise<FoldResult> {
  const result = foldBatchNorms(model, { affine });
  const comparison = await compareModels(model, result.model, { values: result.values, ...options });
  const { outputs, values } = comparison;
  expect(agree(comparison, bound), JSON.stringify([...outputs, ...values])).toBe(true);
  expect(Math.max(...outputs.map(({ largest }) => largest))).toBeGreaterThan(0);
  return result;
}

/** Expects that the one batch norm of a model stays, and gives the reason. */
export function reasonKept(model: OnnxModel): string {
  const { folded, kept } = foldBatchNorms(model);
  expect(folded).toEqual([]);
  expect(kept).toHaveLength(1);
  return kept[0].reason;
}
