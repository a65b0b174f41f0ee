/** What kind of thing went wrong; stable, for programs to look at. */
export type OnnxErrorCode =
  /** The bytes are not an ONNX model, or break a rule of the format. */
  | "E_FORMAT"
  /** A model in order, but of a kind that this package does not handle. */
  | "E_UNSUPPORTED"
  /** A file cannot be read or written, or must not be. */
  | "E_FILE"
  /** An option or argument is outside its range. */
  | "E_VALUE"
  /** onnxruntime-node is not there, or does not run the model. */
  | "E_RUN";

/** The one error class of this package. Its message is a sentence: what was expected, what came, what to do. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
  readonly code: OnnxErrorCode;

  constructor(code: OnnxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws unless the condition holds. The message is made only then. */
export function check(condition: boolean, code: OnnxErrorCode, message: () => string): asserts condition {
  if (!condition) throw new OnnxError(code, message());
}

/** @throws OnnxError E_VALUE for an option that nobody reads: from JavaScript it would pass unseen */
export function checkOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  check(unknown === undefined, "E_VALUE", () => `expected options ${known.join(", ")}, got ${unknown}`);
}

/** The sentence of an error, whatever was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
