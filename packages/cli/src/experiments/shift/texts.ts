/** Words and parts that figures and page have in common. */
import { percent } from "../../words.ts";
import type { Accuracies } from "./estimates.ts";
import { fell, type ShiftNetwork } from "./results.ts";
import type { Shift } from "./spec.ts";

const NAMES = { mnist: "the paper’s network", resnet8: "ResNet-8" } as const;
/** What was trained on what. */
export function title({ network, data }: ShiftNetwork): string {
  return `${data.name}, ${NAMES[network]}`;
}

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

/** Under the chart of all shifts. */
export function legend(networks: readonly ShiftNetwork[]): string {
  const anyFell = networks.some(({ shifts }) => shifts.some(fell));
  return `Hollow: statistics of training; full: of shifted images.${anyFell ? " Pink: it fell." : ""}`;
}

/** Over the charts of numbers of images. */
export function samplesNote(prior: number): string {
  return `Test accuracy against the number of images that statistics come from. Blue circles: from them alone; green squares: ${percent(prior, 0)} from training. Dashed: all from training.`;
}

/** Test accuracies in percent, in tens, that have room for all of several charts. */
export function sharedRange(charts: readonly Accuracies[]): [number, number] {
  const shares = charts.flatMap(({ before, samples = [] }) => [
    before,
    ...samples.flatMap(({ layers, prior }) => [layers, prior]),
  ]);
  return [10 * Math.floor(10 * Math.min(...shares)), 10 * Math.ceil(10 * Math.max(...shares))];
}

/** What the charts of a network have room for, in percent. */
export function rangeOf(network: ShiftNetwork): [number, number] {
  return sharedRange(looks(network).map(({ accuracies }) => accuracies));
}

/** Where the number of images was varied, with its name. */
export function looks({ clean, shifts }: ShiftNetwork): { name: string; accuracies: Accuracies }[] {
  const closer = shifts.filter(({ samples }) => samples);
  return [
    { name: "no shift", accuracies: clean },
    ...closer.map((each) => ({ name: `${each.shift.name} ${amountText(each.shift)}`, accuracies: each })),
  ];
}
