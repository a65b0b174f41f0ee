/**
 * Runs assembly/threads.ts itself, one access to shared memory at a time, in whatever order of threads is asked for: its
 * text is made into generators that stop before every access. Numbers are BigInt there, so that 64 bits are 64 bits.
 */
import { readFileSync } from "node:fs";
import type { Random } from "batchnorm";
import { control as layout } from "#dist/kernels/contract.js";

/** What a thread stops before: a read may be one of a loop that waits for others; of a sleep it is told when it is over. */
type Stop = { readonly reads: bigint | null } | { readonly sleeper: Sleeper };
type Steps<T> = Generator<Stop, T, void>;

interface Sleeper {
  readonly address: bigint;
  /** It looks again after a while. */
  readonly naps: boolean;
  awake: boolean;
}

const write: Stop = { reads: null };

/** Shared memory, and who sleeps on which of its words. */
class Memory {
  readonly #words = new Map<bigint, bigint>();
  readonly #sleepers = new Set<Sleeper>();
  /** How often something was written. */
  version = 0;

  get(address: bigint): bigint {
    return this.#words.get(address) ?? 0n;
  }

  set(address: bigint, value: bigint): void {
    this.#words.set(address, value);
    this.version++;
  }

  *load(address: bigint, offset = 0n): Steps<bigint> {
    yield { reads: address + offset };
    return this.get(address + offset);
  }

  *store(address: bigint, value: bigint, offset = 0n): Steps<void> {
    yield write;
    this.set(address + offset, value);
  }

  *add(address: bigint, more: bigint, offset = 0n): Steps<bigint> {
    yield write;
    const old = this.get(address + offset);
    this.set(address + offset, old + more);
    return old;
  }

  *sub(address: bigint, less: bigint, offset = 0n): Steps<bigint> {
    return yield* this.add(address, -less, offset);
  }

  *cmpxchg(address: bigint, expected: bigint, value: bigint): Steps<bigint> {
    yield write;
    const old = this.get(address);
    if (old === expected) this.set(address, value);
    return old;
  }

  *wait(address: bigint, expected: bigint, timeout: bigint): Steps<void> {
    yield write;
    if (this.get(address) !== expected) return;
    const sleeper = { address, naps: timeout >= 0n, awake: false };
    this.#sleepers.add(sleeper);
    yield { sleeper };
    this.#sleepers.delete(sleeper);
  }

  *notify(address: bigint): Steps<void> {
    yield write;
    for (const sleeper of this.#sleepers) if (sleeper.address === address) sleeper.awake = true;
  }
}

interface Protocol {
  open(control: bigint, list: bigint, count: bigint): Steps<void>;
  walk(control: bigint, maySleep: bigint): Steps<void>;
  fail(control: bigint): Steps<void>;
  settle(control: bigint): Steps<void>;
  listen(control: bigint, heard: bigint): Steps<bigint>;
  close(control: bigint): Steps<void>;
}

export type Change = (text: string) => string;

const CONTROL = 0n;
const original = readFileSync(new URL("../../assembly/threads.ts", import.meta.url), "utf8");

/** The text of the protocol as a function of what it works on. */
export function translate(change: Change): (memory: Memory, dispatch: Dispatch) => Protocol {
  const constants = Object.entries(layout).map(([name, at]) => `const CONTROL_${name.toUpperCase()} = ${at}n;`);
  const text = change(original)
    .replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, "")
    .replace(/import [\s\S]*?;/g, "")
    .replace(/const SPINS: i32 = \d+/, "const SPINS: i32 = 1")
    .replace("LIST_COMMANDS", "0xffffe")
    .replace(/<(i32|i64|usize)>/g, "")
    .replace(/: (i32|i64|usize|bool|void)\b/g, "")
    .replace(/\b(0x[0-9a-f]+|\d+)\b/g, "$1n")
    .replace(/(export )?function/g, "function*");
  const body = `${constants.join("\n")}\n${stepping(text)}\nreturn { open, walk, fail, settle, listen, close };`;
  const make = new Function("atomic", "dispatch", body);
  return (memory, dispatch) => make(memory, dispatch);
}

type Dispatch = (kernel: bigint, args: bigint, task: bigint) => Steps<void>;

/** Calls of what stops become calls of generators; plain loads and stores are accesses like the others. */
function stepping(text: string): string {
  const call = /(?<!function\* )\b(atomic\.\w+|load|store|dispatch|advance|nap)\(/.exec(text);
  if (!call) return text;
  const begin = call.index + call[0].length;
  let end = begin;
  for (let depth = 1; depth > 0; end++) depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
  const name = /^(load|store)$/.test(call[1]) ? `atomic.${call[1]}` : call[1];
  const args = stepping(text.slice(begin, end - 1));
  return `${text.slice(0, call.index)}(yield* ${name}(${args}))${stepping(text.slice(end))}`;
}

/** What threads are given to do. */
export interface Scenario {
  readonly workers: number;
  /** The tasks of each command of each list. */
  readonly lists: readonly (readonly number[])[];
  /** List, command and task of kernels that fail. */
  readonly failing?: readonly string[];
  /** Whether the caller may sleep. */
  readonly sleeps?: boolean;
  /** Nobody is to need the end of a nap: whoever has slept was woken. */
  readonly woken?: boolean;
}

/** Where all lists are, one after another: what a thread read of the one before is no longer so. */
const LIST = 4096n;

/** Checks every task as it is begun and ended. */
class Witness {
  readonly #scenario: Scenario;
  readonly #begun = new Set<string>();
  readonly #done = new Set<string>();
  readonly #atWork = new Set<string>();
  /** The list that is open. */
  list = -1;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** A kernel: its number is its command's, its arguments are the list's number. */
  *dispatch(kernel: bigint, args: bigint, task: bigint): Steps<void> {
    const name = `${args}.${kernel}.${task}`;
    const tasks = this.#scenario.lists[Number(args)]?.[Number(kernel)] ?? 0;
    expectThat(Number(args) === this.list, `${name} was begun with list ${this.list} open`);
    expectThat(Number(task) < tasks, `${name} is none of ${tasks} tasks`);
    expectThat(!this.#begun.has(name), `${name} was begun twice`);
    for (let before = 0; before < Number(kernel); before++) {
      expectThat(this.#whole(Number(args), before), `${name} was begun before command ${before} was done`);
    }
    this.#begun.add(name);
    this.#atWork.add(name);
    yield write;
    this.#atWork.delete(name);
    expectThat(Number(args) === this.list, `${name} ended with list ${this.list} open`);
    if (this.#scenario.failing?.includes(name)) throw new Trap();
    this.#done.add(name);
  }

  #whole(list: number, command: number): boolean {
    for (let task = 0; task < this.#scenario.lists[list][command]; task++) {
      if (!this.#done.has(`${list}.${command}.${task}`)) return false;
    }
    return true;
  }

  /** The run of a list has returned. */
  returned(failed: boolean): void {
    const { lists, failing = [] } = this.#scenario;
    const mayFail = failing.some((name) => name.startsWith(`${this.list}.`));
    expectThat(failed === mayFail, `list ${this.list} ${failed ? "failed" : "ended well"}`);
    expectThat(this.#atWork.size === 0, `list ${this.list} returned with ${[...this.#atWork]} at work`);
    if (failed) return;
    lists[this.list].forEach((_, command) => {
      expectThat(this.#whole(this.list, command), `list ${this.list} returned before command ${command} was done`);
    });
  }
}

class Trap extends Error {}

function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** As Pool has it: see src/wasm/pool.ts. */
function* caller(
  { lists, sleeps = true }: Scenario,
  memory: Memory,
  protocol: Protocol,
  witness: Witness,
): Steps<void> {
  for (const [number, commands] of lists.entries()) {
    commands.forEach((tasks, i) => {
      const at = LIST + 16n * BigInt(i);
      memory.set(at, BigInt(i));
      memory.set(at + 4n, BigInt(number));
      memory.set(at + 8n, BigInt(tasks));
    });
    witness.list = number;
    yield* protocol.open(CONTROL, LIST, BigInt(commands.length));
    try {
      yield* protocol.walk(CONTROL, sleeps ? 1n : 0n);
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      yield* protocol.fail(CONTROL);
    }
    const failed = memory.get(CONTROL + BigInt(layout.failed)) === 1n;
    if (failed) yield* protocol.settle(CONTROL);
    witness.returned(failed);
    witness.list = -1;
  }
  yield* protocol.close(CONTROL);
}

/** As src/wasm/worker.ts has it. */
function* worker(protocol: Protocol): Steps<void> {
  let heard = 0n;
  for (;;) {
    heard = yield* protocol.listen(CONTROL, heard);
    if (!heard) return;
    try {
      yield* protocol.walk(CONTROL, 1n);
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      yield* protocol.fail(CONTROL);
    }
  }
}

/** One thread, stopped before what it does next. */
class Thread {
  readonly #steps: Steps<void>;
  readonly #memory: Memory;
  #next: IteratorResult<Stop, void>;
  /** How often it has read which word since something was last written. */
  #reads = new Map<bigint, number>();
  #version = -1;

  constructor(steps: Steps<void>, memory: Memory) {
    this.#steps = steps;
    this.#memory = memory;
    this.#next = steps.next();
  }

  get ended(): boolean {
    return this.#next.done === true;
  }

  get sleeper(): Sleeper | null {
    return !this.#next.done && "sleeper" in this.#next.value ? this.#next.value.sleeper : null;
  }

  /** Not asleep, and not about to read for the third time what nobody has changed. */
  get able(): boolean {
    if (this.#next.done) return false;
    const stop = this.#next.value;
    if ("sleeper" in stop) return stop.sleeper.awake;
    if (this.#version !== this.#memory.version) this.#reads.clear();
    return stop.reads === null || (this.#reads.get(stop.reads) ?? 0) < 2;
  }

  step(): void {
    const stop = this.#next.value;
    this.#version = this.#memory.version;
    if (stop && "reads" in stop && stop.reads !== null) {
      this.#reads.set(stop.reads, (this.#reads.get(stop.reads) ?? 0) + 1);
    }
    this.#next = this.#steps.next();
  }
}

/** Which of the threads that can goes on: the one that did, if it is among them. */
export type Choose = (able: readonly number[], current: number) => number;

/** @throws Error that says what went wrong, with a task done twice, too early or never, or threads that wait for ever */
export function run(protocolOf: ReturnType<typeof translate>, scenario: Scenario, choose: Choose): number {
  const memory = new Memory();
  const witness = new Witness(scenario);
  const protocol = protocolOf(memory, (kernel, args, task) => witness.dispatch(kernel, args, task));
  const threads = [
    new Thread(caller(scenario, memory, protocol, witness), memory),
    ...Array.from({ length: scenario.workers }, () => new Thread(worker(protocol), memory)),
  ];
  let current = 0;
  for (let steps = 0; steps < 5000; steps++) {
    if (threads.every(({ ended }) => ended)) return steps;
    const able = threads.flatMap((thread, i) => (thread.able ? [i] : []));
    if (able.length) {
      current = choose(able, current);
      threads[current].step();
      continue;
    }
    // A nap is over when nothing else is to be done.
    const napping = threads.find(({ sleeper }) => sleeper?.naps)?.sleeper;
    if (!napping || scenario.woken) throw new Error("all threads wait for one another");
    napping.awake = true;
  }
  throw new Error("it does not end");
}

const first: Choose = (able, current) => (able.includes(current) ? current : able[0]);

/**
 * All orders in which threads go on until they must wait, but for so many exceptions.
 *
 * @returns how many orders that were
 */
export function explore(scenario: Scenario, exceptions: number, change: Change = (text) => text): number {
  const protocol = translate(change);
  const waiting: { choices: number[]; left: number }[] = [{ choices: [], left: exceptions }];
  let runs = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { choices, left } = next;
    const made: number[] = [];
    runs++;
    run(protocol, scenario, (able, current) => {
      const step = made.length;
      const chosen = step < choices.length ? choices[step] : first(able, current);
      if (step >= choices.length && left > 0) {
        for (const other of able) {
          if (other !== chosen) waiting.push({ choices: [...made, other], left: left - 1 });
        }
      }
      made.push(chosen);
      return chosen;
    });
  }
  return runs;
}

/** So many orders by chance, with few changes from thread to thread or with many. */
export function sample(scenario: Scenario, runs: number, random: Random, change: Change = (text) => text): void {
  const protocol = translate(change);
  for (let i = 0; i < runs; i++) {
    const changes = 0.5 ** (1 + (i % 6));
    run(protocol, scenario, (able, current) => {
      const another = !able.includes(current) || random.uniform() < changes;
      return another ? able[random.integer(able.length)] : current;
    });
  }
}
