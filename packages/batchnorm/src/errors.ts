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
  /** Of the layer in its model, "layer1.0.conv2", where it happened in one. */
  readonly path: string | null;
  readonly #where: string;
  readonly #what: string;

  /** @param options  the error that led to this one; the path of the layer */
  constructor(
    code: ErrorCode,
    where: string,
    what: string,
    { cause, path = null }: { cause?: unknown; path?: string | null } = {},
  ) {
    super(`[${path ? `${where} ${path}` : where}] ${what}`, cause === undefined ? undefined : { cause });
    this.name = "BatchNormError";
    this.code = code;
    this.path = path;
    this.#where = where;
    this.#what = what;
  }

  /** The same error, of a layer at a path. */
  at(path: string): BatchNormError {
    return new BatchNormError(this.code, this.#where, this.#what, { cause: this.cause, path });
  }
}

/** Throws unless the condition holds. The message is made only then. */
export function check(condition: boolean, code: ErrorCode, where: string, what: () => string): asserts condition {
  if (!condition) throw new BatchNormError(code, where, what());
}
