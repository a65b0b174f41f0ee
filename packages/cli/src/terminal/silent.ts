import type { TrainingProgress } from "../train/run.ts";

/** For processes that leave it to another one to tell how far they are. */
export const SILENT: TrainingProgress = {
  begin() {},
  stepped() {},
  measuring() {},
  finished() {},
  end() {},
};
