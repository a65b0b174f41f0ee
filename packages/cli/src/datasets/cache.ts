import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { writeAtomically } from "batchnorm/node";
import envPaths from "env-paths";
import { InputError, InterruptedError } from "../errors.ts";

/** A file of a data set, in memory. */
export interface DataFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Written last and removed first: a folder without it is not whole, whatever else is there. The format is that of
 * `sha256sum --check`.
 */
const CHECKSUMS = "SHA256SUMS";

/** @throws  InputError when the file is there but cannot be read */
export async function readIfThere(path: string): Promise<DataFile | undefined> {
  try {
    return { path, bytes: await readFile(path) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new InputError(`${path}: could not be read: ${message}`, { cause: error });
  }
}

/** The folder of a data set in the cache: below BATCHNORM_CACHE, or else where the system keeps caches. */
export function cacheFolder(dataset: string): string {
  const chosen = process.env.BATCHNORM_CACHE;
  return join(chosen ? resolve(chosen) : envPaths("batchnorm", { suffix: "" }).cache, dataset);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One line a file: its SHA-256 and its name. */
export function checksums(files: readonly DataFile[]): string {
  return files.map(({ path, bytes }) => `${sha256(bytes)}  ${basename(path)}\n`).join("");
}

/**
 * Reads what `store` wrote.
 *
 * @returns  undefined unless all files are there, each with the bytes that were stored
 * @throws   InputError when a file is there but cannot be read
 */
export async function readStored(folder: string, names: readonly string[]): Promise<DataFile[] | undefined> {
  const stored = await readIfThere(join(folder, CHECKSUMS));
  if (!stored) return undefined;
  const files: DataFile[] = [];
  for (const name of names) {
    const file = await readIfThere(join(folder, name));
    if (!file) return undefined;
    files.push(file);
  }
  return Buffer.from(stored.bytes).toString("utf8") === checksums(files) ? files : undefined;
}

/**
 * Stores the files of a data set under their names. The folder is whole only after the last of them: when this fails
 * or is interrupted, none is left.
 *
 * @param write  puts one file in its place
 * @throws       InputError when the folder cannot be written to; InterruptedError when the signal says so
 */
export async function store(
  folder: string,
  files: readonly DataFile[],
  write: (path: string, content: Uint8Array | string) => Promise<void> = writeAtomically,
  signal?: AbortSignal,
): Promise<void> {
  await makeFolder(folder);
  const paths = files.map(({ path }) => join(folder, basename(path)));
  const sums = join(folder, CHECKSUMS);
  await writing(sums, () => rm(sums, { force: true }));
  try {
    for (const [index, path] of paths.entries()) {
      if (signal?.aborted) throw new InterruptedError("Interrupted.");
      await writing(path, () => write(path, files[index].bytes));
    }
    await writing(sums, () => write(sums, checksums(files)));
  } catch (error) {
    await Promise.all([sums, ...paths].map((path) => rm(path, { force: true })));
    throw error;
  }
}

export function makeFolder(folder: string): Promise<unknown> {
  return writing(folder, () => mkdir(folder, { recursive: true }));
}

/** Does work that writes to `path`; what the system refuses, such as a full disk, becomes an InputError. */
export async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new InputError(
      `${path}: could not be written: ${message}; make room or choose another folder in BATCHNORM_CACHE, then give the same command again`,
      { cause: error },
    );
  }
}
