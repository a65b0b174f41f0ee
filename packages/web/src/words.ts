const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 12345.6 → "12,346" */
export function integer(value: number): string {
  return plain.format(value);
}

/** 0.9706 → "97.1%" */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** A number with a fixed number of decimals and a real minus sign; −0.0 is 0.0. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A setting as people write it: 0.001, 0.3, 100. */
export function setting(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** "1 step", "2 steps" */
export function plural(number: number, noun: string): string {
  return `${integer(number)} ${noun}${number === 1 ? "" : "s"}`;
}
