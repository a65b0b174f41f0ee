import { BatchNormError, type ErrorCode } from "batchnorm";
import { expect } from "vitest";

/** That the call throws this library's error, with this code and a message that has these words, in this order. */
export function refuses(call: () => unknown, code: ErrorCode, ...words: string[]): void {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(BatchNormError);
  const { code: given, message } = error as BatchNormError;
  expect(given, message).toBe(code);
  let from = 0;
  for (const word of words) {
    const at = message.indexOf(word, from);
    expect(at, `${JSON.stringify(word)} in: ${message}`).toBeGreaterThanOrEqual(0);
    from = at + word.length;
  }
}

/** The same of a promise. */
export async function rejects(call: () => Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  refuses(
    () => {
      if (error) throw error;
    },
    code,
    ...words,
  );
}
