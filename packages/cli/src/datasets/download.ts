import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { InputError, InterruptedError } from "../errors.ts";
import { writing } from "./cache.ts";

/** Told how far long work is: a transfer in bytes, say. */
export interface AmountProgress {
  /** @param kept  what is there from an earlier call */
  begin(total: number, kept: number): void;
  advance(done: number): void;
  end(): void;
}

/** A file to fetch, known beforehand. */
export interface Download {
  readonly url: string;
  /** its size */
  readonly bytes: number;
  /** SHA-512 of the whole, in base64 */
  readonly sha512: string;
  /** where it is gathered; what an interrupted call left there is kept, and the next call goes on behind it */
  readonly part: string;
  /** what to do when the server does not have it */
  readonly otherwise: string;
}

/**
 * Fetches a file over HTTP until all of it is in `part`, and checks it.
 *
 * @throws  InputError when the server cannot be reached, refuses, breaks off or sends something else, and when the file
 *          cannot be written; InterruptedError when the signal says so
 */
export async function download(what: Download, progress: AmountProgress, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) throw new InterruptedError("Interrupted.");
  const kept = await size(what.part);
  if (kept !== what.bytes) await transfer(what, kept < what.bytes ? kept : 0, progress, signal);
  const sha512 = await digest(what.part);
  if (sha512 !== what.sha512) {
    await rm(what.part);
    throw new InputError(
      `${what.url}: came whole but is another file or damaged: expected the SHA-512 ${what.sha512}, got ${sha512}; it was removed, the same command fetches it anew`,
    );
  }
}

async function transfer(what: Download, kept: number, progress: AmountProgress, signal?: AbortSignal): Promise<void> {
  const { url, bytes, part } = what;
  const response = await request(what, kept, signal);
  let done = response.status === 206 ? kept : 0;
  const announced = Number(response.headers.get("content-length") ?? bytes - done);
  if (!response.body || done + announced !== bytes) {
    await response.body?.cancel();
    throw new InputError(`${url}: expected a file of ${bytes} bytes, the server has one of ${done + announced}`);
  }
  progress.begin(bytes, done);
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      done += chunk.length;
      if (done > bytes) throw new InputError(`${url}: expected a file of ${bytes} bytes, the server sends more`);
      yield chunk;
      progress.advance(done);
    }
  };
  try {
    await writing(part, () =>
      pipeline(
        Readable.fromWeb(response.body as ReadableStream<Uint8Array>),
        counted,
        createWriteStream(part, { flags: done > 0 ? "a" : "w" }),
        signal ? { signal } : {},
      ),
    );
    if (done < bytes) throw new Error("the server closed the connection");
  } catch (error) {
    if (signal?.aborted) throw new InterruptedError("Interrupted.", { cause: error });
    if (done > bytes) await rm(part, { force: true });
    if (error instanceof InputError) throw error;
    throw new InputError(
      `${url}: the connection broke off after ${await size(part)} of ${bytes} bytes (${reason(error)}); the same command goes on from there`,
      { cause: error },
    );
  } finally {
    progress.end();
  }
}

/** Asks for what comes after the first `kept` bytes; a server may answer with the whole file all the same. */
async function request(what: Download, kept: number, signal?: AbortSignal): Promise<Response> {
  // Packed again on the way, sizes and ranges would mean nothing.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (kept > 0) headers.range = `bytes=${kept}-`;
  let response: Response;
  try {
    response = await fetch(what.url, signal ? { headers, signal } : { headers });
  } catch (error) {
    if (signal?.aborted) throw new InterruptedError("Interrupted.", { cause: error });
    throw new InputError(`${what.url}: the server could not be reached (${reason(error)}); ${what.otherwise}`, {
      cause: error,
    });
  }
  const { status, statusText } = response;
  const range = response.headers.get("content-range") ?? "";
  if (status === 200 || (status === 206 && range.startsWith(`bytes ${kept}-`))) return response;
  await response.body?.cancel();
  if (kept > 0 && (status === 206 || status === 416)) return request(what, 0, signal);
  throw new InputError(`${what.url}: the server answered ${`${status} ${statusText}`.trim()}; ${what.otherwise}`);
}

/** What fetch calls "fetch failed" or "terminated" has its reason in the cause. */
function reason(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  return inner || code || message;
}

async function size(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw new InputError(`${path}: could not be read: ${(error as Error).message}`, { cause: error });
  }
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha512");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("base64");
}
