/** Bad input or wrong usage: the command prints the sentence and exits with 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The user pressed Ctrl-C: the command prints the sentence and exits with 130, as shells expect. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** As `Promise.all`, but of several failures it is the first in the list's order that is told, not the first in time. */
export async function allInOrder<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
