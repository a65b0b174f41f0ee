import { expect } from "vitest";
import { OnnxError, type OnnxErrorCode } from "#dist/index.js";

/** That a call throws this package's error, or a promise is rejected with it, with this code and these words. */
export async function refuses(call: () => unknown, code: OnnxErrorCode, words: string): Promise<void> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(OnnxError);
  const { code: given, message } = error as OnnxError;
  expect(message).toContain(words);
  expect(given, message).toBe(code);
}
