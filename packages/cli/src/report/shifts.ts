import type { Shift } from "../datasets/shifts.ts";

const AMOUNTS: Record<Shift["name"], (amount: number) => string> = {
  contrast: (amount) => `× ${amount}`,
  brightness: (amount) => `+${amount}`,
  noise: (amount) => `σ ${amount}`,
  blur: (amount) => `σ ${amount} px`,
};

/** How strong a shift is, as figures and tables say it. */
export function amountText({ name, amount }: Shift): string {
  return AMOUNTS[name](amount);
}
