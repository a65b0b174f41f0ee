/** What the contract says of a kernel. */

/** Pointers name what they point at; the others are plain numbers. All take four bytes. */
export type ArgumentType = "f32*" | "f64*" | "i32*" | "u8*" | "i32" | "u32" | "f32";

/** An argument's type, then what it holds: "f32* [rows, channels]: what the activation gave". */
export type Argument = ArgumentType | `${ArgumentType} [${string}` | `${ArgumentType}: ${string}`;

/** The arguments of a call that are numbers, and the addresses of arrays that may be left out (0). */
export type Numbers = Readonly<Record<string, number>>;

export interface Row {
  /** The class that assembly/ reads the arguments by; kernels with the same arguments share one. */
  readonly struct: string;
  /** In the order of the struct. Shapes are row-major; `tasks` is the number of tasks of the call. */
  readonly args: Readonly<Record<string, Argument>>;
  /**
   * The arrays it writes, and how far each may be from the reference, given the largest magnitude there: what the suite
   * holds every build to, for values of N(0, 1) and those of its other cases.
   */
  readonly writes: Readonly<Record<string, (most: number, args: Numbers) => number>>;
  /** Bytes of the tensors of a call, each read or written once; coefficients and partial results are not counted. */
  readonly bytes?: (args: Numbers) => number;
  /** Additions and multiplications of a call, as the loops of the reference do them; a fused one counts twice. */
  readonly flops?: (args: Numbers) => number;
}

export type Family = Readonly<Record<string, Row>>;

/** Float32 addition of n values of N(0, 1), and of what they add up to. */
export function ofSums(n: number, most: number): number {
  return 1e-6 * Math.max(Math.sqrt(n), most);
}

export function typeOf(argument: Argument): ArgumentType {
  return argument.split(/[ :]/)[0] as ArgumentType;
}
