import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCifar10 } from "#dist/datasets/cifar10.js";
import type { SharedData } from "#dist/datasets/shared.js";
import type { ImageSpec } from "#dist/networks/inception/spec.js";
import { BINARY_FILES, binaryFile } from "./cifar.ts";

/** CIFAR-10's six files; with 20 images each, 10 of 100 training images are held out, and 90 make 2 steps of 32. */
export function writeFewColours(folder: string, imagesPerFile = 20): string {
  mkdirSync(folder, { recursive: true });
  for (const [index, name] of BINARY_FILES.entries())
    writeFileSync(join(folder, name), binaryFile(index, imagesPerFile));
  return folder;
}

/** The same in memory. */
export async function loadFewColours(): Promise<SharedData> {
  const folder = mkdtempSync(join(tmpdir(), "batchnorm-cli-"));
  try {
    return await loadCifar10(writeFewColours(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run of 7 steps on 24 images, 3 steps an epoch. */
export function fewSteps(data: string, choices: Partial<ImageSpec> = {}): ImageSpec {
  return {
    kind: "images",
    data,
    trainImages: 24,
    augment: true,
    batchNorm: true,
    activation: "relu",
    dropout: 0.4,
    gain: 1,
    learningRate: 0.05,
    decay: 0.1,
    momentum: 0.9,
    weightDecay: 1e-3,
    batchSize: 8,
    steps: 7,
    measureOn: ["test"],
    measureAt: [
      { step: 2, images: 12 },
      { step: 7, images: 20 },
    ],
    probabilities: true,
    seed: 3,
    ...choices,
  };
}
