/** What kind of thing went wrong; stable, for programs to look at. */
export type MpiErrorCode =
  /** There is no MPI library, it is not that of the program that started the ranks, or that program is out of reach. */
  | "E_LIBRARY"
  /** Ranks were started with different models, settings or versions. */
  | "E_AGREE"
  /** A call of MPI's has failed. */
  | "E_CALL"
  /** A call came at the wrong time: after `close`. */
  | "E_STATE";

/** The one error class of this package. Its message is a sentence: what was expected, what came, what to do. */
export class MpiError extends Error {
  override readonly name = "MpiError";
  readonly code: MpiErrorCode;

  constructor(code: MpiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
