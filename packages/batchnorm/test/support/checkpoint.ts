/** Checkpoints with a checksum that is right, whatever is in them. */
import { type SafeTensors, writeSafetensors } from "batchnorm/formats";
import { crc32 } from "#dist/formats/crc32.js";
import { bytesOf } from "./data.ts";

/** @param checkpoint  the metadata's text; the checksum is over it, then over each array in the order of their names */
export function sealed(tensors: SafeTensors["tensors"], checkpoint: string): Uint8Array {
  const text = new TextEncoder();
  let sum = crc32(text.encode(checkpoint));
  for (const name of Object.keys(tensors).sort()) {
    const { shape, data } = tensors[name];
    sum = crc32(text.encode(`${name} ${data.BYTES_PER_ELEMENT} ${shape}`), sum);
    sum = crc32(bytesOf(data), sum);
  }
  return writeSafetensors({ tensors, metadata: { checkpoint, crc32: sum.toString(16).padStart(8, "0") } });
}
