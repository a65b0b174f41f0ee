/** A cache folder of its own for each test, and packages of CIFAR-10 in miniature to fill it from. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { loadCifar10 } from "#dist/datasets/cifar10.js";
import { type FetchOptions, fetchCifar10 } from "#dist/datasets/cifar10fetch.js";
import { InputError } from "#dist/errors.js";
import {
  type Answer,
  archiveOf,
  BINARY_FILES,
  binaryFile,
  describeArchive,
  packageFiles,
  serve,
  withRanges,
} from "./cifar.ts";
import { temporaryFolder } from "./folder.ts";

export const WHOLE = ["SHA256SUMS", ...BINARY_FILES];
export const silent = { progress: { begin() {}, advance() {}, end() {} }, note() {} };

/** The cache of each test. */
export let folder = "";
export let part = "";

beforeEach(() => {
  const cache = temporaryFolder();
  vi.stubEnv("BATCHNORM_CACHE", cache);
  folder = join(cache, "cifar10");
  part = join(folder, "small-1.0.0.tgz.part");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

export const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0);
export const inCache = () => (existsSync(folder) ? readdirSync(folder).sort() : []);

export function leavePart(bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(part, bytes);
}

/** Serves a package of these files, or of these bytes, and fetches it. */
export async function given(
  files: Record<string, Uint8Array> = packageFiles(),
  answer?: (archive: Uint8Array) => Answer,
) {
  const archive = await archiveOf(files);
  const server = await serve((answer ?? withRanges)(archive));
  vi.stubEnv("npm_config_registry", server.address);
  const source = describeArchive(archive);
  const run = (options: Partial<FetchOptions> = {}) => fetchCifar10({ ...silent, source, ...options });
  return { archive, source, run, requests: server.requests };
}

export async function refusal(
  running: Promise<unknown>,
  sentence: RegExp,
  kind: new (message?: string) => Error = InputError,
): Promise<void> {
  const failure = await running.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(kind);
  expect((failure as Error).message).toMatch(sentence);
  expect((failure as Error).message).not.toContain("\n");
}

/** The cache has all, and what it has is right. */
export async function expectStored(): Promise<void> {
  expect(inCache()).toEqual(WHOLE);
  for (const [index, name] of BINARY_FILES.entries()) {
    expect(readFileSync(join(folder, name)).equals(binaryFile(index, index < 5 ? 2 : 10))).toBe(true);
  }
  expect((await loadCifar10()).train.length).toBe(10);
}
