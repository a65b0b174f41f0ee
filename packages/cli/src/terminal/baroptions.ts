import { Presets } from "cli-progress";
import colors from "picocolors";

/** The bar between what it is of, its share, its rate and the time left. */
const RUN = `{label} ${colors.cyan("{bar}")} {share}  {rate}  {left}`;

/** How every progress bar looks and behaves. */
export function barOptions(stream: NodeJS.WriteStream, format = RUN) {
  return {
    ...Presets.shades_classic,
    stream,
    format,
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    emptyOnZero: true,
    // The command handles Ctrl-C itself: it has more to do than to restore the cursor.
    gracefulExit: false,
  };
}
