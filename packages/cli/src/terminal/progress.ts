import type { Progress } from "../runs/laboratory.ts";
import { barProgress } from "./bars.ts";
import { lineProgress } from "./lines.ts";

/** Bars where a person watches a terminal, a plain line every few seconds where output goes to a file. */
export function progressFor(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress((line) => stream.write(`${line}\n`));
}
