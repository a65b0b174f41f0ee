import { exponentOf, powerOfTwo } from "../tensor/math.ts";

/** Floating point numbers of 16 bits: a sign, an exponent, a mantissa. */
export interface SmallFloat {
  readonly mantissaBits: number;
  /** Subtracted from the exponent as stored. */
  readonly bias: number;
}

/** IEEE 754 binary16. */
export const float16: SmallFloat = { mantissaBits: 10, bias: 15 };
/** The upper half of a float32. */
export const bfloat16: SmallFloat = { mantissaBits: 7, bias: 127 };

const SIGN = 0x8000;

/** The bits of the nearest number of the format, ties to even: one rounding, also from float64. */
export function toBits(value: number, { mantissaBits, bias }: SmallFloat): number {
  const infinity = SIGN - (1 << mantissaBits);
  if (Number.isNaN(value)) return infinity + (1 << (mantissaBits - 1));
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const magnitude = Math.abs(value);
  if (magnitude === 0 || magnitude === Number.POSITIVE_INFINITY) return sign + (magnitude && infinity);
  // Below the smallest normal number all have its exponent. In these units the mantissa, its leading one included, is a
  // whole number; one that rounds up to the next power of two carries into the exponent by itself.
  const exponent = Math.max(exponentOf(magnitude), 1 - bias);
  const mantissa = roundToEven(magnitude * powerOfTwo(mantissaBits - exponent));
  return sign + Math.min((exponent + bias - 1) * (1 << mantissaBits) + mantissa, infinity);
}

/** The number that these bits stand for. */
export function fromBits(bits: number, { mantissaBits, bias }: SmallFloat): number {
  const sign = bits & SIGN ? -1 : 1;
  const exponent = (bits & (SIGN - 1)) >> mantissaBits;
  const mantissa = bits & ((1 << mantissaBits) - 1);
  if (exponent === (SIGN >> mantissaBits) - 1) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const leading = exponent ? 1 << mantissaBits : 0;
  return sign * (leading + mantissa) * powerOfTwo(Math.max(exponent, 1) - bias - mantissaBits);
}

function roundToEven(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}
