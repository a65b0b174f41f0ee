/** Numbers of 16 bits: IEEE binary16, and bfloat16, which is the upper half of a float32. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Each is exactly a float32. */
export function fromHalf(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half >> 15 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
}

/** To the nearest, ties to even; what is too large becomes infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    float[0] = value;
    const sign = (bits[0] >>> 16) & 0x8000;
    const size = Math.abs(value);
    if (Number.isNaN(value)) return sign | 0x7e00;
    if (size >= 65520) return sign | 0x7c00;
    // Steps of 2⁻²⁴ below 2⁻¹⁴, 1,024 steps to each power of two above.
    const exponent = Math.max(((bits[0] >>> 23) & 255) - 127, -14);
    const steps = roundToEven(size * 2 ** (10 - exponent));
    // 2,048 steps are the next power of two: they carry into the exponent by themselves.
    return sign | (((exponent + 14) << 10) + steps);
  });
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Each is exactly a float32. */
export function fromBfloat(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}

/** To the nearest, ties to even. */
export function toBfloat(values: Float32Array): Uint16Array {
  const all = new Uint32Array(values.buffer, values.byteOffset, values.length);
  // A NaN whose upper half would be that of infinity gets a bit that is not.
  return Uint16Array.from(all, (v, i) =>
    Number.isNaN(values[i]) ? (v >>> 16) | 64 : (v + 0x7fff + ((v >>> 16) & 1)) >>> 16,
  );
}
