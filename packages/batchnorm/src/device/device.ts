/**
 * The seam between what is computed and where: memory, and commands that work on it. No operation and no device is named
 * here. `docs/decisions/0015-the-seam.md` says why it is cut so.
 */

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A block of a device's memory. What else it is, its device alone knows. */
export interface Region {
  readonly bytes: number;
}

/** Values in a region, from an offset on: in elements of whatever type the reader takes them for. */
export interface Place {
  readonly region: Region;
  readonly offset: number;
}

/** What a kernel is given: where its arrays are, null for one that is absent, and numbers. */
export type Argument = Place | number | null;

/** One kernel with its arguments: data, not code, so that a device may keep, show, fuse or send it. */
export interface Command {
  readonly kernel: string;
  readonly args: Readonly<Record<string, Argument>>;
  /** Into how many tasks the work is cut: a function of shapes alone, never of the number of threads. */
  readonly tasks: number;
}

/** Commands made ready to run, again and again. */
export interface Program {
  /** How many commands it has. */
  readonly length: number;
}

/** What runs commands. Writes and runs take effect in the order of the calls; a read sees all that came before it. */
export interface Device {
  /** What runs the kernels, in a word: "simd", "relaxed", "reference", an adapter's name. */
  readonly build: string;
  readonly closed: boolean;
  /** @throws BatchNormError E_PLATFORM when there is no more memory */
  allocate(bytes: number): Region;
  /** Gives back what `allocate` or `bind` gave. */
  release(what: Region | Program): void;
  /** @param offset in bytes */
  write(to: Region, offset: number, data: TypedArray): void;
  /** Resolves when the values are there. @param offset in bytes */
  read(from: Region, offset: number, into: TypedArray): Promise<void>;
  supports(kernel: string): boolean;
  /** Compiles what the kernels need, once: a device that compiles as it is made has nothing left to do. */
  prepare(kernels: readonly string[]): Promise<void>;
  bind(commands: readonly Command[]): Program;
  /** One call for a whole pass. @throws BatchNormError E_STATE after `close` */
  run(program: Program): void;
  /** Ends what the device holds outside of JavaScript. Closing again does nothing. */
  close(): void;
}

/** A region as arrays, from its first byte to its last. Good until the device's memory grows: do not keep them. */
export interface Views {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

/** A device whose memory JavaScript can see, and whose `run` returns when the work is done. */
export interface HostDevice extends Device {
  /** The same object until the device's memory grows. */
  view(region: Region): Views;
}

export function isHost(device: Device): device is HostDevice {
  return "view" in device;
}

/** So many elements further. */
export function shifted({ region, offset }: Place, by: number): Place {
  return { region, offset: offset + by };
}
