import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Layer } from "batchnorm";
import { writeSafetensors } from "batchnorm/formats";
import { ALONE } from "#dist/team/team.js";
import { SILENT } from "#dist/terminal/silent.js";
import { prepare } from "#dist/train/data.js";
import { RunFolder } from "#dist/train/folder.js";
import { findModel } from "#dist/train/models.js";
import { type TrainingProgress, trainModel } from "#dist/train/run.js";
import { type Choices, newSettings } from "#dist/train/settings.js";
import { findSource } from "#dist/train/sources.js";
import { BINARY_FILES, binaryFile } from "./cifar.ts";

/** CIFAR-10's six files with 50 training images and 10 test images. */
export function writeColours(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [index, name] of BINARY_FILES.entries()) writeFileSync(join(folder, name), binaryFile(index, 10));
  return folder;
}

export interface Call {
  readonly out: string;
  /** the folder of `writeColours` */
  readonly colours: string;
  readonly choices?: Choices;
  readonly resume?: boolean;
  readonly threads?: number;
  readonly progress?: Partial<TrainingProgress>;
  readonly signal?: AbortSignal;
}

/** What a call of `batchnorm train resnet8 --dataset cifar10` does between its checks and its report. */
export async function trainColours({ out, colours, choices = {}, resume, threads = 1, progress, signal }: Call) {
  const model = findModel("resnet8");
  const source = findSource("cifar10", model);
  const images = await source.load(colours);
  const folder = new RunFolder(out);
  const stored = resume ? await folder.stored() : null;
  const settings = stored?.settings ?? newSettings(model, source, images, { epochs: 3, batchSize: 8, ...choices });
  const data = prepare(images, source, model, settings);
  const network = model.build({ ...settings, channels: 3 });
  if (!stored) await folder.clear();
  const outcome = await trainModel({
    settings,
    model: network,
    data,
    folder,
    stored,
    threads,
    progress: { ...SILENT, ...progress },
    signal: signal ?? new AbortController().signal,
    team: ALONE,
  });
  return { ...outcome, network, data, settings };
}

/** All that must not depend on how often a run was interrupted. */
export function leftBy(out: string) {
  const { settings, journals } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
  const { times, seconds, ...journal } = journals.at(-1);
  return { settings, journal, checkpoint: digest(readFileSync(join(out, "checkpoint.safetensors"))) };
}

/** Stands for bytes in a comparison: quicker, and it fails with one line. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The digest of a network's weights and running statistics. */
export function digestOf(network: Layer): string {
  return digest(writeSafetensors({ tensors: network.stateDict(), metadata: {} }));
}
