/** Parsers of what options are given. */
import { InvalidArgumentError } from "commander";

/** A whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected a whole number of at least 1.");
  }
  return value;
}

/** A whole number from 0 to 2³² − 1. */
export function seed(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 0xffff_ffff) {
    throw new InvalidArgumentError("Expected a whole number from 0 to 4294967295.");
  }
  return value;
}

/** A finite number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("Expected a number above 0.");
  }
  return value;
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("Expected a number from 0 to 1.");
  }
  return value;
}

/** "x=1,3,224,224", added to those before. */
export function namedShape(text: string, before: Record<string, number[]>): Record<string, number[]> {
  const [name, sizes] = named(text, "a name and sizes, such as x=1,3,224,224");
  return { ...before, [name]: sizes.split(",").map(count) };
}

/** "batch=8", added to those before. */
export function namedSize(text: string, before: Record<string, number>): Record<string, number> {
  const [name, size] = named(text, "a name and a size, such as batch=8");
  return { ...before, [name]: count(size) };
}

function named(text: string, wanted: string): [name: string, value: string] {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new InvalidArgumentError(`Expected ${wanted}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
