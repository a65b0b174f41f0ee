import { type Markish, text } from "@observablehq/plot";
import type { Theme } from "./theme.ts";

/** The two networks by name, in their colours, above the right end of the plot, where no curve can be. */
export function legend(theme: Theme, above: number): Markish[] {
  const place = { frameAnchor: "top-right", textAnchor: "end", dy: -above, fontWeight: 600 } as const;
  return [
    text(["with batch norm"], { ...place, dx: -130, fill: theme.withBatchNorm }),
    text(["without (dashed)"], { ...place, fill: theme.withoutBatchNorm }),
  ];
}
