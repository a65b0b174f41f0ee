/** How a rank ends: in order, or taking the others along, so that they do not wait for it for ever. */
import type { Watch } from "./watch.ts";

export interface Job {
  /** "rank 1 of 4" */
  readonly who: string;
  readonly watch: Watch;
  /** Ends all ranks, this process among them. */
  abort(code: number): void;
}

/**
 * From now on, the process ends the whole job when it ends: with the error that nobody caught, or because it left before
 * `close`.
 *
 * @returns a function that says that the job is done
 */
export function endTogether({ who, watch, abort }: Job): () => void {
  let uncaught: unknown;
  const onUncaught = (error: unknown) => {
    uncaught = error;
  };
  const onExit = (code: number) => {
    const why =
      uncaught === undefined
        ? `ended with code ${code} before it closed its communicator`
        : `has failed: ${(uncaught as Error)?.stack ?? uncaught}`;
    watch.tell(`${who} ${why}`);
    abort(code || 1);
  };
  process.on("uncaughtExceptionMonitor", onUncaught);
  process.on("exit", onExit);
  return () => {
    process.off("uncaughtExceptionMonitor", onUncaught);
    process.off("exit", onExit);
    watch.done();
  };
}
