import { SingleBar } from "cli-progress";
import colors from "picocolors";
import type { AmountProgress } from "../datasets/download.ts";
import { duration, integer, percent } from "../words.ts";
import { barOptions } from "./baroptions.ts";

const SECONDS_BETWEEN = 10;

/** What the work is counted in. */
export interface Amount {
  /** Such as "138.9". */
  number(count: number): string;
  readonly unit: string;
}

/** A bar with the rate and the time left on a terminal, a plain line every ten seconds elsewhere. */
export function amountProgress(stream: NodeJS.WriteStream, amount: Amount): AmountProgress {
  return stream.isTTY ? amountBar(stream, amount) : amountLines(amount, (line) => stream.write(`${line}\n`));
}

export const MEGABYTES: Amount = { number: (bytes) => (bytes / 1e6).toFixed(1), unit: "MB" };

export const SAMPLES: Amount = { number: integer, unit: "samples" };

export function amountBar(stream: NodeJS.WriteStream, amount: Amount): AmountProgress {
  const bar = new SingleBar(barOptions(stream, `${colors.cyan("{bar}")} {text}`));
  let state = (_done: number) => "";
  return {
    begin(total, kept) {
      state = stateOf(amount, total, kept);
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

export function amountLines(
  amount: Amount,
  print: (line: string) => void,
  now: () => number = () => performance.now() / 1000,
): AmountProgress {
  let state = (_done: number) => "";
  let lastLine = 0;
  let lastDone = 0;
  const line = () => {
    print(state(lastDone));
    lastLine = now();
  };
  return {
    begin(total, kept) {
      state = stateOf(amount, total, kept, now);
      lastDone = kept;
      lastLine = now();
      if (kept > 0) print(`${outOf(amount, kept, total)} from before kept`);
    },
    advance(done) {
      lastDone = done;
      if (now() - lastLine >= SECONDS_BETWEEN) line();
    },
    end: line,
  };
}

/** Says how far the work is; what was kept from before does not count as fast. */
function stateOf(
  amount: Amount,
  total: number,
  kept: number,
  now = () => performance.now() / 1000,
): (done: number) => string {
  const since = now();
  return (done) => {
    const seconds = now() - since;
    const rate = seconds > 0 ? (done - kept) / seconds : 0;
    const left = done < total && rate > 0 ? `, ${duration((total - done) / rate)} left` : "";
    const share = percent(done / total, 0).padStart(4);
    return `${share}  ${outOf(amount, done, total)}, ${amount.number(rate)} ${amount.unit}/s${left}`;
  };
}

function outOf({ number, unit }: Amount, done: number, total: number): string {
  return `${number(done)} of ${number(total)} ${unit}`;
}
