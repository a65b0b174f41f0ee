import { type FileHandle, open } from "node:fs/promises";
import { type Dtype, dtypes } from "../formats/dtypes.ts";
import { type Entry, fail, headerLength, PREFIX, parseHeader } from "../formats/header.ts";
import type { SafeTensor } from "../formats/safetensors.ts";
import { readBytes } from "./bytes.ts";

/** A safetensors file of which only the header has been read. */
export class SafetensorsFile {
  /** Types and shapes, in the order of the file. */
  readonly tensors: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileHandle;
  readonly #entries: Map<string, Entry>;

  private constructor(file: FileHandle, entries: readonly Entry[], metadata: Record<string, string>) {
    this.#file = file;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.tensors = this.#entries;
    this.metadata = metadata;
  }

  /** @throws BatchNormError E_FORMAT as `readSafetensors`; the file system's error when it cannot be read */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const prefix = await readBytes(file, 0, Math.min(PREFIX, size));
      const header = await readBytes(file, PREFIX, headerLength(prefix, size));
      const { entries, metadata } = parseHeader(header, size);
      return new SafetensorsFile(file, entries, metadata);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * One array, read now: nothing but it takes memory.
   *
   * @throws BatchNormError E_FORMAT when the file has no such array, or has been cut off since it was opened
   */
  async read(name: string): Promise<SafeTensor> {
    const entry = this.#entries.get(name);
    if (!entry) throw fail(`expected the name of an array in the file, got "${name}"`);
    const { dtype, shape, begin, end } = entry;
    const bytes = await readBytes(this.#file, begin, end - begin);
    return { dtype, shape, data: dtypes[dtype].read(bytes.buffer) };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
