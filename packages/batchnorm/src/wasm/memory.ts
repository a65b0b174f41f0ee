import { BatchNormError } from "../errors.ts";

const PAGE = 65536;
const GIB = 2 ** 30;
/** 2 GiB: above, an address would be negative after `>> 2`. A platform that will not promise so much is asked for less. */
const LIMITS = [2 * GIB, GIB];
/** Blocks from here on are staggered; smaller ones are packed. */
const LARGE = 4096;

interface Range {
  start: number;
  end: number;
}

/**
 * The linear memory of a device and its heap: first fit over a sorted list of free ranges.
 *
 * Large blocks start at different offsets within a 4 KiB page. Where x, dy and y share their low 12 address bits, a load
 * waits for an unrelated store, and batch norm's backward pass takes up to three times as long.
 */
export class Memory {
  readonly wasm: WebAssembly.Memory;
  readonly shared: boolean;
  /** The whole memory; indexed by address >> 2 or >> 3. Replaced when it grows: do not keep one. */
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  readonly #base: number;
  /** The most bytes that it can grow to. */
  readonly #most: number;
  #free: Range[] = [];
  readonly #sizes = new Map<number, Range>();
  #stagger = 0;

  /** @param reserved bytes at the start that the heap leaves alone */
  constructor(shared: boolean, reserved: number) {
    this.shared = shared;
    [this.wasm, this.#most] = makeMemory(shared, Math.ceil(reserved / PAGE));
    this.#base = (reserved + 63) & ~63;
    this.#refresh();
    this.reset();
  }

  /**
   * A block of at least this many bytes, 64-byte aligned, filled with zeros.
   *
   * @throws BatchNormError E_PLATFORM when there is no more memory
   */
  allocate(bytes: number): number {
    const size = Math.max(64, Math.ceil(bytes / 64) * 64);
    if (size >= LARGE) this.#stagger = (this.#stagger + 13) % 64;
    const offset = size >= LARGE ? 64 * this.#stagger : -1;
    // The last free range has no end, so there always is one; the memory grows after it.
    const range = this.#free.find(({ start, end }) => place(start, offset) + size <= end) as Range;
    const address = place(range.start, offset);
    this.#growTo(address + size);
    this.#sizes.set(address, { start: range.start, end: address + size });
    range.start = address + size;
    this.u8.fill(0, address, address + size);
    return address;
  }

  /** Gives a block back. */
  release(address: number): void {
    const block = this.#sizes.get(address);
    if (!block) return;
    this.#sizes.delete(address);
    const i = this.#free.findIndex((range) => range.start >= block.end);
    const next = this.#free[i];
    const previous = this.#free[i - 1];
    if (previous?.end === block.start) {
      previous.end = block.end;
      if (previous.end === next.start) {
        previous.end = next.end;
        this.#free.splice(i, 1);
      }
    } else if (next.start === block.end) next.start = block.start;
    else this.#free.splice(i, 0, block);
  }

  /** The next large block starts at the offset that the first one had. */
  restagger(): void {
    this.#stagger = 0;
  }

  /** Forgets every block: the next ones get the addresses that the first ones got. */
  reset(): void {
    this.#sizes.clear();
    this.restagger();
    this.#free = [{ start: this.#base, end: Number.POSITIVE_INFINITY }];
  }

  /** The end of the last block: everything from the heap's start to here may be in use. */
  get top(): number {
    return this.#free[this.#free.length - 1].start;
  }

  get base(): number {
    return this.#base;
  }

  get byteLength(): number {
    return this.wasm.buffer.byteLength;
  }

  #growTo(end: number): void {
    const missing = Math.ceil((end - this.byteLength) / PAGE);
    if (missing <= 0) return;
    // Some more than asked for, so that many small requests do not each copy the whole memory.
    const extra = Math.min(Math.ceil(this.byteLength / PAGE / 4), 1024);
    if (!this.#tryGrow(missing + extra) && !this.#tryGrow(missing)) throw this.#refusal(end);
    this.#refresh();
  }

  #refusal(end: number): BatchNormError {
    const mb = (bytes: number) => Math.max(1, Math.round(bytes / 2 ** 20));
    const asked = `expected ${mb(end - this.top)} MB more beside the ${mb(this.top)} MB in use`;
    const why =
      end > this.#most
        ? `one device has at most ${this.#most / GIB} GiB of WebAssembly memory`
        : "the platform has no more memory for WebAssembly";
    const cure =
      "Try smaller batches or images, fewer data sets and shapes on one device, or another device for some of it";
    return new BatchNormError("E_PLATFORM", "Memory", `${asked}; ${why}. ${cure}`);
  }

  #tryGrow(pages: number): boolean {
    try {
      this.wasm.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #refresh(): void {
    const { buffer } = this.wasm;
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}

/** The first address in a free range that has the wanted offset within its page; any, for −1. */
function place(start: number, offset: number): number {
  return offset < 0 ? start : start + ((offset - start) & 4095);
}

/** With the most bytes that it can grow to. */
function makeMemory(shared: boolean, initial: number): [WebAssembly.Memory, number] {
  for (const most of LIMITS) {
    try {
      return [new WebAssembly.Memory({ initial, maximum: most / PAGE, shared }), most];
    } catch {
      // Ask for less.
    }
  }
  throw new BatchNormError("E_PLATFORM", "Memory", "expected at least 1 GiB of WebAssembly address space; refused");
}
