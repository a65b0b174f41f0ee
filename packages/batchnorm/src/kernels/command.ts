/** Commands whose arguments are those that the contract says. */
import type { Command, Place } from "../device/device.ts";
import type { contract, KernelName } from "./contract.ts";

type Types<K extends KernelName> = (typeof contract)[K];

/** What a kernel takes, by name: places where the contract has pointers, null for an absent one, and numbers. */
export type Args<K extends KernelName> = {
  readonly [A in keyof Types<K>]: Types<K>[A] extends `${string}*` ? Place | null : number;
};

/** @param tasks into how many the work is cut */
export function command<K extends KernelName>(kernel: K, args: Args<K>, tasks = 1): Command {
  return { kernel, args, tasks };
}
