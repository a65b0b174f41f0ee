/** What kind of thing went wrong; stable, for programs to look at. */
export type ErrorCode =
  /** A shape, rank, axis or number of channels does not fit. */
  | "E_SHAPE"
  /** A batch is empty, or too small to have a variance. */
  | "E_BATCH"
  /** An option or argument is outside its range. */
  | "E_VALUE"
  /** A label is not one of the classes. */
  | "E_LABEL"
  /** A call came at the wrong time: backward before forward, or use after close. */
  | "E_STATE"
  /** A state dict does not fit the model. */
  | "E_DICT"
  /** A file's bytes are not what its format says. */
  | "E_FORMAT"
  /** The platform lacks something: WebAssembly SIMD, memory. */
  | "E_PLATFORM";

/**
 * The one error class of this library. Its message names the operation, what was expected and what came; `cause` is the
 * error that it stands for, where there is one.
 */
export class BatchNormError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, where: string, what: string, options?: { cause?: unknown }) {
    super(`[${where}] ${what}`, options);
    this.name = "BatchNormError";
    this.code = code;
  }
}

/** Throws unless the condition holds. The message is made only then. */
export function check(condition: boolean, code: ErrorCode, where: string, what: () => string): asserts condition {
  if (!condition) throw new BatchNormError(code, where, what());
}
