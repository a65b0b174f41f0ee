import type { Figure } from "../report/svg.ts";
import type { Recorded, Request } from "../results/recorded.ts";
import type { RunKind } from "../runs/kind.ts";
import type { Laboratory } from "../runs/laboratory.ts";
import type { Section } from "./paper.ts";

/** What an experiment's images are, which decides about the time that it takes. */
export type ImagesOf = "MNIST" | "CIFAR-10" | "both";

/**
 * An experiment: all that the command knows of it, from `index.ts` of its folder. What takes time to load is in files of
 * their own beside it, so that --help is quick.
 */
export interface Experiment<Size = unknown, Results extends Recorded<string> = Recorded<string>> {
  /** of its folder, as `batchnorm reproduce` takes it */
  readonly name: string;
  /** of the paper */
  readonly section: Section;
  /** what the paper says there that this settles, in a sentence */
  readonly claim: string;
  readonly images: ImagesOf;
  /** as `--help` shows it: a line, a paragraph, and what comes after its name in examples */
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** its settings, and those of `--quick`, a preview */
  readonly sizes: { readonly full: Size; readonly quick: Size };
  /** options that it alone has, by name, with their help; those that were given are in the request */
  readonly flags?: Readonly<Record<string, string>>;
  /** where `--mpi` can be given: the one kind of its runs, which all ranks carry out together */
  shared?(): Promise<{ readonly kind: RunKind }>;
  run(): Promise<RunModule<Size, Results>>;
  figures(): Promise<FiguresModule<Results>>;
  page(): Promise<PageModule<Results>>;
}

/** `run.ts`: what is trained and measured. */
export interface RunModule<Size, Results> {
  /** `laboratory.data` are the images, MNIST's where it is about both; steps that the request has stand for its own */
  run(laboratory: Laboratory, size: Size, request: Request): Promise<Results>;
  /** other files to record, by name */
  extras?(results: Results, request: Request): Record<string, unknown>;
}

/** `figures.ts`: drawn from recorded results. */
export interface FiguresModule<Results> {
  figures(results: Results): Figure[];
}

/** `page.ts`: the report. */
export interface PageModule<Results> {
  page(results: Results): string;
  /** what the terminal says at the end, line by line */
  summary(results: Results): string[];
}
