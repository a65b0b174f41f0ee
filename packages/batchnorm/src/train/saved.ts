/** What a checkpoint says beside its arrays: JSON in the file's metadata, believed only when all of it is as it must be. */

import type { OrderState } from "../data/order.ts";
import { BatchNormError, check } from "../errors.ts";
import { isRandomState, type RandomState } from "../tensor/random.ts";

const VERSION = 2;

export interface Saved {
  /** Steps taken. */
  readonly step: number;
  /** Steps that each trained parameter has taken, by name. */
  readonly taken: Readonly<Record<string, number>>;
  /** The optimizer's name. */
  readonly optimizer: string;
  readonly order: OrderState;
  /** Of the trainer and of the layers that draw. */
  readonly randoms: readonly RandomState[];
}

export function writeSaved(saved: Saved): string {
  return JSON.stringify({ version: VERSION, ...saved });
}

/** @throws BatchNormError E_FORMAT for another version, or anything that is missing or is not what it must be */
export function readSaved(text: string): Saved {
  const { version, step, taken, optimizer, order, randoms } = fieldsOf("its metadata", parsed(text));
  demand(version === VERSION, `of version ${VERSION}`, version);
  demand(isNatural(step), "whose step is a whole number from 0 on", step);
  const counts = Object.entries(fieldsOf("its counts of steps", taken));
  for (const [name, count] of counts) {
    demand(isNatural(count) && count <= step, `in which ${name} has taken at most ${step} steps`, count);
  }
  demand(typeof optimizer === "string", "with the name of its optimizer", optimizer);
  demand(Array.isArray(randoms) && randoms.length > 0, "with the states of its generators", randoms);
  for (const state of randoms) demand(isRandomState(state), "with generators in a state that there is", state);
  return {
    step,
    taken: Object.fromEntries(counts) as Record<string, number>,
    optimizer,
    order: orderOf(order),
    randoms,
  };
}

function orderOf(value: unknown): OrderState {
  const { epoch, cursor, length, batchSize, random } = fieldsOf("its order", value);
  for (const count of [epoch, cursor, length, batchSize]) demand(isNatural(count), "with counts in its order", count);
  const [used, all, size] = [cursor, length, batchSize] as number[];
  const possible = used === 0 || (used < all && size > 0);
  demand(possible, "with a place in its order that there is", { cursor, length, batchSize });
  demand(isRandomState(random), "with a generator of its order in a state that there is", random);
  return { epoch, cursor, length, batchSize, random } as OrderState;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BatchNormError("E_FORMAT", "resume", "expected a checkpoint with metadata in JSON", { cause });
  }
}

function fieldsOf(whose: string, value: unknown): Record<string, unknown> {
  demand(typeof value === "object" && value !== null, `with ${whose} as an object`, value);
  return value as Record<string, unknown>;
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function demand(good: boolean, what: string, got: unknown): asserts good {
  check(good, "E_FORMAT", "resume", () => {
    return `expected a checkpoint ${what}, got ${String(JSON.stringify(got)).slice(0, 80)}`;
  });
}
