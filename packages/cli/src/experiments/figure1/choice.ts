import { readFileSync } from "node:fs";
import type { Setting } from "../../networks/sigmoids/settings.ts";
import type { SearchResults } from "./search.ts";

/** The learning rates and σ of Figure 1, and the search that found the best ones. */
export interface Choice {
  readonly same: Setting;
  readonly best: {
    readonly withBatchNorm: Setting;
    readonly withoutBatchNorm: Setting;
  };
  readonly search: SearchResults & {
    readonly seed: number;
    readonly data: string;
  };
}

/** The choice that stands in the repository, in `figure1.choice.json`. */
export function recordedChoice(): Choice {
  return JSON.parse(readFileSync(new URL("./figure1.choice.json", import.meta.url), "utf8"));
}
