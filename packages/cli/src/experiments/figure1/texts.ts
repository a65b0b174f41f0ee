import type { Setting } from "../../networks/sigmoids/settings.ts";
import type { Comparison } from "./comparison.ts";

/** A network's settings, as figures and tables say them. */
export function settingText({ learningRate, sigma }: Setting): string {
  return `learning rate ${learningRate}, σ ${sigma}`;
}

/** Those of two networks, once where they are the same. */
export function settingsText(comparison: Comparison): string {
  const { withBatchNorm, withoutBatchNorm } = comparison;
  const same = settingText(withBatchNorm) === settingText(withoutBatchNorm);
  return same
    ? settingText(withBatchNorm)
    : `with: ${settingText(withBatchNorm)} · without: ${settingText(withoutBatchNorm)}`;
}
