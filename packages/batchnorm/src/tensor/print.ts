/** A tensor as text: its values in brackets, a row a line, with … for the middle of axes where there are many. */
import { sizeOf } from "./shape.ts";

/** Values that are all shown. */
const MOST = 100;
/** Places shown at either end of an axis where not all are. */
const EDGE = 3;

/** @param data  as many values as the shape says */
export function printed(shape: readonly number[], data: ArrayLike<number>): string {
  if (data.length === 0) return "[]";
  const whole = data.length <= MOST;
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const places = shape.map((n) => {
    const all = Array.from({ length: whole || n <= 2 * EDGE ? n : 2 * EDGE }, (_, i) => i);
    return all.map((i) => (i < EDGE ? i : i + n - all.length));
  });
  const offsets = places.reduce(
    (starts, list, axis) => starts.flatMap((at) => list.map((i) => at + i * steps[axis])),
    [0],
  );
  const width = Math.max(...offsets.map((at) => written(data[at]).length));
  const text = (axis: number, start: number): string => {
    if (axis === shape.length) return written(data[start]).padStart(width);
    const items = places[axis].map((i) => text(axis + 1, start + i * steps[axis]));
    if (items.length < shape[axis]) items.splice(EDGE, 0, "…");
    const deeper = shape.length - axis - 1;
    return `[${items.join(deeper ? `,${"\n".repeat(deeper)}${" ".repeat(axis + 1)}` : ", ")}]`;
  };
  return text(0, 0);
}

/** Whole numbers of up to six digits as they are, others to five digits. */
function written(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1e6)) return String(value);
  const digits = value.toPrecision(5);
  return digits.includes(".") ? digits.replace(/\.?0+(?=e|$)/, "") : digits;
}
