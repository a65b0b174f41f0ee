/**
 * Numbers that the kernels and those who call them must agree on. assembly/ is compiled with them (as constants named
 * like PIECE_ROWS), so that none is declared twice.
 */
/** The builds of assembly/, and the reference. */
type Build = "relaxed" | "simd" | "reference";

/** The same in every build. */
export const limits = {
  /** Working memory of each thread, in bytes; no kernel uses more. */
  scratchBytes: 1024 * 1024,
  /** Tasks of a command, and commands of a list, at most: threads.ts counts them in 16 and 20 bits. */
  commandTasks: 0xffff,
  listCommands: 0xffffe,
  /** Rows of one float32 piece of a sum: tasks of batch norm's kernels begin where pieces do. */
  pieceRows: 128,
  /** Values of one float32 piece of a plane. */
  pieceValues: 1024,
  /** Channels that sums over rows take in one pass, so that they fit the scratch memory: 28 bytes a channel. */
  tileChannels: 2048,
  /** Rows of C, or pixels, that a register block computes at once. */
  blockRows: 4,
  /** Steps of k that gemm takes in one go, at most: a panel and four rows of A take 19 KB, so that they stay in L1. */
  gemmDepth: 400,
  /** Panels of a task of gemm, at most. */
  gemmPanels: 8,
  /** Floats of scratch that the rows under a band of a convolution's output may take, laid out. */
  convFloats: 120_000,
  /** Floats left between the 36 planes of Winograd's weights and products: a power of two apart, they would share a set of the cache. */
  winogradGap: 16,
  /** Input or output channels of a Winograd convolution, at most: a strip has room for one tile of so many. */
  winogradChannels: 256,
  /** Floats from one row of a strip to the next: one tile, six pixels wide, of the most channels, and 16 for the cache. */
  winogradStrip: 6 * 256 + 16,
  /** Floats of a strip's row that a segment of several tiles takes, at most: six rows of them stay in L1. */
  winogradSegment: 656,
  /** Tiles × channels that are gathered before Winograd's products. */
  winogradBatch: 1024,
} as const;

/** What depends on the build too. */
export interface BuildLimits {
  /** Columns of a panel: of B in gemm, output channels of a convolution's weights. */
  readonly panel: number;
}

export type Limits = typeof limits & BuildLimits;

const wide: Record<Build, BuildLimits> = {
  simd: { panel: 8 },
  relaxed: { panel: 8 },
  reference: { panel: 8 },
};

export function limitsOf(build: string): Limits {
  return { ...limits, ...wide[build as Build] };
}

/**
 * The control block of threads, in bytes from its beginning: see assembly/threads.ts. What different threads write is on
 * cache lines of its own.
 */
export const control = {
  ticket: 0, // i64
  done: 64, // i32
  bell: 128,
  asleep: 132,
  closed: 136,
  inside: 140,
  failed: 144,
  waiting: 148,
  list: 192, // i64
  command: 256, // i32
} as const;

/** Where the control block is in memory, and how much is kept for it. */
export const controlAddress = 64;
export const controlBytes = 320;
