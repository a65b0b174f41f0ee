/**
 * A checkpoint is a safetensors file: the model's state, the optimizer's, and as metadata the rest and a checksum of all.
 */
import { BatchNormError } from "../errors.ts";
import { crc32 } from "../formats/crc32.ts";
import { readSafetensors, type SafeTensors, writeSafetensors } from "../formats/safetensors.ts";
import { loadState, type StateSlot } from "../layers/state.ts";
import type { Random, RandomState } from "../tensor/random.ts";
import type { Order, OrderState } from "./order.ts";

/** What a checkpoint is made of, and what it is restored into. */
export interface Checkpoint {
  step: number;
  optimizerName: string;
  model: Record<string, StateSlot>;
  optimizer: Record<string, StateSlot>;
  order: Order;
  /** Of the trainer and of the layers that draw. */
  randoms: Random[];
}

interface Rest {
  version: 1;
  step: number;
  optimizer: string;
  order: OrderState;
  randoms: RandomState[];
}

export function pack({ step, optimizerName, model, optimizer, order, randoms }: Checkpoint): Uint8Array {
  const states = randoms.map((random) => random.state);
  const rest: Rest = { version: 1, step, optimizer: optimizerName, order: order.state, randoms: states };
  const tensors = { ...prefixed("model", model), ...prefixed("optimizer", optimizer) };
  const file: SafeTensors = { tensors, metadata: { checkpoint: JSON.stringify(rest) } };
  return writeSafetensors({ tensors, metadata: { ...file.metadata, crc32: checksum(file) } });
}

/** Puts a checkpoint's state in place, all of it or nothing; gives its step. */
export function restore(bytes: Uint8Array, into: Checkpoint): number {
  const file = readSafetensors(bytes);
  const { checkpoint, crc32: expected } = file.metadata;
  if (checkpoint === undefined || expected === undefined) {
    throw new BatchNormError(
      "E_FORMAT",
      "resume",
      "expected a checkpoint, got a safetensors file without one's metadata",
    );
  }
  const actual = checksum(file);
  if (actual !== expected) {
    throw new BatchNormError(
      "E_FORMAT",
      "resume",
      `expected checksum ${expected}, got ${actual}: the file was altered`,
    );
  }
  const rest = JSON.parse(checkpoint) as Rest;
  if (rest.version !== 1) {
    throw new BatchNormError("E_FORMAT", "resume", `expected a checkpoint of version 1, got ${rest.version}`);
  }
  if (rest.optimizer !== into.optimizerName || rest.randoms.length !== into.randoms.length) {
    const ours = `${into.optimizerName} and ${into.randoms.length} generators of random numbers`;
    const got = `${rest.optimizer} and ${rest.randoms.length}`;
    throw new BatchNormError("E_DICT", "resume", `expected a checkpoint of ${ours}, got ${got}`);
  }
  load({ ...prefixed("model", into.model), ...prefixed("optimizer", into.optimizer) }, file.tensors);
  into.order.state = rest.order;
  for (const [i, random] of into.randoms.entries()) random.state = rest.randoms[i];
  return rest.step;
}

/** A name or a shape that differs means another model or optimizer. */
function load(slots: Record<string, StateSlot>, tensors: SafeTensors["tensors"]): void {
  try {
    loadState(slots, tensors, {});
  } catch (error) {
    const why = (error as Error).message;
    throw new BatchNormError("E_DICT", "resume", `expected a checkpoint of this model and optimizer: ${why}`, {
      cause: error,
    });
  }
}

function prefixed(prefix: string, slots: Record<string, StateSlot>): Record<string, StateSlot> {
  return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [`${prefix}.${name}`, slot]));
}

/** Of everything that a reader would use, whatever the order of the file. */
function checksum({ tensors, metadata }: SafeTensors): string {
  const text = new TextEncoder();
  let sum = crc32(text.encode(metadata.checkpoint));
  for (const name of Object.keys(tensors).sort()) {
    const { shape, data } = tensors[name];
    sum = crc32(text.encode(`${name} ${data.BYTES_PER_ELEMENT} ${shape}`), sum);
    sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
  }
  return sum.toString(16).padStart(8, "0");
}
