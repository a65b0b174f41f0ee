/**
 * A checkpoint is a safetensors file: the model's state, the optimizer's, and as metadata the rest and a checksum of all.
 */

import type { Order } from "../data/order.ts";
import { BatchNormError, check } from "../errors.ts";
import { crc32 } from "../formats/crc32.ts";
import { readSafetensors, type SafeTensors, writeSafetensors } from "../formats/safetensors.ts";
import { type ReadyState, readyState, type StateInput, type StateSlot, writeState } from "../module/state.ts";
import type { Random } from "../tensor/random.ts";
import { readSaved, type Saved, writeSaved } from "./saved.ts";

/** What a checkpoint is made of, and what it is restored into. */
export interface Checkpoint {
  step: number;
  /** Steps that each trained parameter has taken, by name. */
  taken: Readonly<Record<string, number>>;
  optimizerName: string;
  model: Record<string, StateSlot>;
  optimizer: Record<string, StateSlot>;
  order: Order;
  /** Of the trainer and of the layers that draw. */
  randoms: Random[];
}

/** A checkpoint that was read: whole and as it must be, of whichever model and optimizer. */
export interface ReadCheckpoint {
  readonly saved: Saved;
  /** State dicts under the names that they have in the trainer. */
  readonly model: StateInput;
  readonly optimizer: StateInput;
}

export function pack({ step, taken, optimizerName, model, optimizer, order, randoms }: Checkpoint): Uint8Array {
  const states = randoms.map((random) => random.state);
  const checkpoint = writeSaved({ step, taken, optimizer: optimizerName, order: order.state, randoms: states });
  const tensors = { ...prefixed("model", model), ...prefixed("optimizer", optimizer) };
  const file: SafeTensors = { tensors, metadata: { checkpoint } };
  return writeSafetensors({ tensors, metadata: { ...file.metadata, crc32: checksum(file) } });
}

/** @throws BatchNormError E_FORMAT for bytes that are no checkpoint, are cut off or altered */
export function read(bytes: Uint8Array | ArrayBuffer): ReadCheckpoint {
  const file = readSafetensors(bytes);
  const { checkpoint, crc32: expected } = file.metadata;
  check(checkpoint !== undefined && expected !== undefined, "E_FORMAT", "resume", () => {
    return "expected a checkpoint, got a safetensors file without one's metadata";
  });
  const actual = checksum(file);
  check(actual === expected, "E_FORMAT", "resume", () => {
    return `expected checksum ${expected}, got ${actual}: the file was altered`;
  });
  const saved = readSaved(checkpoint);
  const other = Object.keys(file.tensors).find((name) => !/^(model|optimizer)\./.test(name));
  check(other === undefined, "E_FORMAT", "resume", () => {
    return `expected a checkpoint with arrays of a model and an optimizer, got ${other}`;
  });
  return { saved, model: within("model", file.tensors), optimizer: within("optimizer", file.tensors) };
}

/**
 * Puts a checkpoint's state in place, all of it or nothing; gives what it says beside its arrays.
 *
 * @throws BatchNormError E_DICT for one of another model or optimizer
 */
export function apply({ saved, model, optimizer }: ReadCheckpoint, into: Checkpoint): Saved {
  const { optimizerName: name } = into;
  check(saved.optimizer === name, "E_DICT", "resume", () => {
    const advice = "make the trainer with the optimizer that it was saved with";
    return `expected a checkpoint of ${name}, which this trainer has, got one of ${saved.optimizer}: ${advice}`;
  });
  const ready = fitting("this model", into.model, model);
  // The first is the trainer's own.
  const [drawing, drew] = [into.randoms.length - 1, saved.randoms.length - 1];
  check(drew === drawing, "E_DICT", "resume", () => {
    return `expected a checkpoint of a model with ${drawing} layers that draw random numbers (Dropout), got one with ${drew}`;
  });
  const same = `${name} with the same options, on the same trainable parameters`;
  const kept = fitting(same, into.optimizer, optimizer);
  const names = (counts: object) => Object.keys(counts).sort().join(", ");
  check(names(saved.taken) === names(into.taken), "E_DICT", "resume", () => {
    return `expected a checkpoint of ${same}, got one with steps of ${names(saved.taken) || "no parameter"}`;
  });
  writeState([...ready, ...kept]);
  into.order.state = saved.order;
  for (const [i, random] of into.randoms.entries()) random.state = saved.randoms[i];
  return saved;
}

/** Reads a checkpoint and puts it in place: see `read` and `apply`. */
export function restore(bytes: Uint8Array | ArrayBuffer, into: Checkpoint): Saved {
  return apply(read(bytes), into);
}

/** What a checkpoint has for slots, neither more nor less than them. @param whose  they are, for the error */
function fitting(whose: string, slots: Record<string, StateSlot>, dict: StateInput): ReadyState {
  const lacking = Object.keys(slots).filter((name) => !Object.hasOwn(dict, name));
  const others = Object.keys(dict).filter((name) => !Object.hasOwn(slots, name));
  check(lacking.length === 0 && others.length === 0, "E_DICT", "resume", () => {
    const parts = [
      lacking.length ? `it lacks ${lacking.join(", ")}` : "",
      others.length ? `it has ${others.join(", ")}, unknown here` : "",
    ];
    return `expected a checkpoint of ${whose}, but ${parts.filter(Boolean).join("; ")}`;
  });
  return readyState(slots, dict, (_code, what) => {
    return new BatchNormError("E_DICT", "resume", `expected a checkpoint of ${whose}: ${what}`);
  });
}

function prefixed(prefix: string, slots: Record<string, StateSlot>): Record<string, StateSlot> {
  return Object.fromEntries(Object.entries(slots).map(([name, slot]) => [`${prefix}.${name}`, slot]));
}

/** The arrays whose names begin with the prefix, under the rest of their names. */
function within(prefix: string, tensors: SafeTensors["tensors"]): StateInput {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]));
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
