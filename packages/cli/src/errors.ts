/** Bad input or wrong usage: the command prints the sentence and exits with 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The user pressed Ctrl-C: the command prints the sentence and exits with 130, as shells expect. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}
