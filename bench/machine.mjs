// @ts-check
// The machine the figures belong to, and whether it was quiet.

import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** What a reader needs to judge a figure. */
export function describeMachine() {
  return {
    cpu: `${cpus()[0]?.model.trim() || "unknown processor"}${simd()}`,
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${type()} ${release().split("-")[0]}`,
    node: process.version,
  };
}

/** The widest vector instructions, which decide what native code can do. */
function simd() {
  const flags = proc("cpuinfo").match(/^flags\s*:.*$/m)?.[0] ?? "";
  if (/\bavx512f\b/.test(flags)) return " (AVX-512)";
  return /\bavx2\b/.test(flags) ? " (AVX2)" : "";
}

/** @param {string} name a file of /proc; empty where there is none */
function proc(name) {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    return "";
  }
}

/** Ticks so far: of all processes, taken away by the hypervisor, idle, and of the processes in `pids`. @param {number[]} pids */
function ticks(pids) {
  const [user, nice, system, idle, wait, irq, softirq, steal] = (proc("stat").match(/^cpu .*/)?.[0] ?? "")
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const own = pids.reduce((sum, pid) => {
    const fields = proc(`${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    return sum + (Number(fields[11]) || 0) + (Number(fields[12]) || 0);
  }, 0);
  return { busy: user + nice + system + irq + softirq, idle: idle + wait, steal, own };
}

/**
 * Starts watching who uses the processors. The returned function says how much of them, as a share of 1, other
 * processes took and the hypervisor withheld since; undefined where the system does not tell.
 *
 * @param {() => number[]} pids our processes, all alive until the end
 */
export function watchProcessors(pids) {
  const before = ticks(pids());
  return () => {
    const after = ticks(pids());
    const busy = after.busy - before.busy;
    const steal = after.steal - before.steal;
    const total = busy + steal + after.idle - before.idle;
    if (!(total > 0)) return undefined;
    return { others: Math.max(0, busy - (after.own - before.own)) / total, stolen: steal / total };
  };
}
