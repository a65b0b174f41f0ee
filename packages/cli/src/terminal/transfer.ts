import { SingleBar } from "cli-progress";
import colors from "picocolors";
import type { TransferProgress } from "../datasets/download.ts";
import { duration, percent } from "../words.ts";
import { barOptions } from "./baroptions.ts";

const SECONDS_BETWEEN = 10;

/** A bar with the rate and the time left on a terminal, a plain line every ten seconds elsewhere. */
export function transferProgress(stream: NodeJS.WriteStream): TransferProgress {
  return stream.isTTY ? transferBar(stream) : transferLines((line) => stream.write(`${line}\n`));
}

export function transferBar(stream: NodeJS.WriteStream): TransferProgress {
  const bar = new SingleBar(barOptions(stream, `${colors.cyan("{bar}")} {text}`));
  let state = (_done: number) => "";
  return {
    begin(total, kept) {
      state = stateOf(total, kept);
      bar.start(total, kept, { text: state(kept) });
    },
    advance(done) {
      bar.update(done, { text: state(done) });
    },
    end() {
      bar.stop();
    },
  };
}

export function transferLines(
  print: (line: string) => void,
  now: () => number = () => performance.now() / 1000,
): TransferProgress {
  let state = (_done: number) => "";
  let lastLine = 0;
  let lastDone = 0;
  const line = () => {
    print(state(lastDone));
    lastLine = now();
  };
  return {
    begin(total, kept) {
      state = stateOf(total, kept, now);
      lastDone = kept;
      lastLine = now();
      if (kept > 0) print(`${megabytes(kept)} of ${megabytes(total)} from before kept`);
    },
    advance(done) {
      lastDone = done;
      if (now() - lastLine >= SECONDS_BETWEEN) line();
    },
    end: line,
  };
}

/** Says how far a transfer is; what was kept from before does not count as fast. */
function stateOf(total: number, kept: number, now = () => performance.now() / 1000): (done: number) => string {
  const since = now();
  return (done) => {
    const seconds = now() - since;
    const rate = seconds > 0 ? (done - kept) / seconds : 0;
    const left = done < total && rate > 0 ? `, ${duration((total - done) / rate)} left` : "";
    const share = percent(done / total, 0).padStart(4);
    return `${share}  ${megabytes(done)} of ${megabytes(total)}, ${megabytes(rate)}/s${left}`;
  };
}

/** 138940914 → "138.9 MB" */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
