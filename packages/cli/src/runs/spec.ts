import { createHash } from "node:crypto";
import type { Measured } from "../training/journal.ts";

/** One run, complete enough to be repeated bit for bit. Each kind of run has more in it. */
export interface RunSpec {
  readonly kind: string;
  /** fingerprint of the data set */
  readonly data: string;
  readonly steps: number;
  readonly seed: number;
}

/** What came out of a run. Each kind of run has more in it. */
export interface RunResult {
  readonly kind: string;
  /** rising; the last one where the run ended */
  readonly points: readonly Measured[];
  readonly seconds: number;
}

/** A run that is not finished, as it is kept: bytes from which it goes on. */
export interface Checkpoint {
  /** steps done */
  readonly step: number;
  readonly bytes: Uint8Array;
}

/** A run and what progress bars call it. */
export interface Job<Spec extends RunSpec = RunSpec> {
  readonly label: string;
  readonly spec: Spec;
  /** What the run works on beside its data, if anything: what an earlier run gave that is part of the spec. */
  readonly input?: string | undefined;
  /** what an earlier call left of it */
  readonly checkpoint?: Checkpoint | undefined;
}

/** Raised when the same spec would give other numbers than before, so that stored results are not reused. */
const REVISION = 1;

/** A name for the run that depends on every value of its spec and not on the order of its fields. */
export function specHash(spec: RunSpec): string {
  return createHash("sha256")
    .update(`${REVISION} ${canonical(spec)}`)
    .digest("hex")
    .slice(0, 20);
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
