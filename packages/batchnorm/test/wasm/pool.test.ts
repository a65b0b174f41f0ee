/** The threads of a device: see assembly/threads.ts for the protocol, and interleavings.test.ts for its corners. */
import { BatchNormError, WasmDevice } from "batchnorm";
import { afterEach, describe, expect, test } from "vitest";
import { type Command, type Place, type Region, shifted } from "#dist/device/device.js";
import { command } from "#dist/kernels/command.js";
import { controlAddress, controlBytes, limits } from "#dist/kernels/contract.js";
import { Arena } from "#dist/plan/arena.js";
import { started } from "../support/pool.ts";

const open: WasmDevice[] = [];
function deviceOf(threads: number): WasmDevice {
  const device = new WasmDevice({ threads });
  open.push(device);
  return device;
}
afterEach(() => {
  for (const device of open.splice(0)) device.close();
});

function floats(device: WasmDevice, values: Float32Array): Place {
  const place = new Arena(device).words(values.length);
  device.write(place.region, 0, values);
  return place;
}

function values(device: WasmDevice, { region }: Place, count: number): Float32Array {
  return device.view(region).f32.subarray(0, count);
}

const ones = (count: number) => new Float32Array(count).fill(1);

/** Takes 1 from each of 800 weights, in 50 tasks. */
function countdown(device: WasmDevice) {
  const [weight, grad, lr] = [new Float32Array(800), ones(800), ones(1)].map((array) => floats(device, array));
  const numbers = { count: 800, perTask: 16, lr, momentum: 0, weightDecay: 0, nesterov: 0 };
  const step = command("sgd", { weight, grad, velocity: null, ...numbers }, 50);
  return { step, weights: () => new Set(values(device, weight, 800)) };
}

/** A countdown as a program of one command. */
function counting(device: WasmDevice) {
  const { step, weights } = countdown(device);
  const program = device.bind([step]);
  return { run: () => device.run(program), weights };
}

describe.each([1, 2, 3, 8])("on %d threads", (threads) => {
  test("every task of every command of every list is done exactly once", async () => {
    const device = deviceOf(threads);
    const { step, weights } = countdown(device);
    const program = device.bind([step, step, step]);
    await started(device);
    for (let i = 1; i <= 1000; i++) device.run(program);
    expect([...weights()]).toEqual([-3000]);
  });
});

/** Halves of the values exchange places, and 1 is added: what a task reads is what others have just written. */
class Exchange {
  static readonly count = 512;
  readonly #device: WasmDevice;
  readonly #one: Place;
  readonly #buffers: Place[];
  #rounds = 0;

  constructor(device: WasmDevice) {
    this.#device = device;
    const { count } = Exchange;
    this.#one = floats(device, ones(count / 2));
    this.#buffers = [0, 1].map(() =>
      floats(
        device,
        new Float32Array(count).map((_, i) => i),
      ),
    );
  }

  /** Two commands a round, each of so many tasks. From the first buffer to the second, and back. */
  commands(rounds: number, tasks = 16): Command[] {
    const half = Exchange.count / 2;
    return Array.from({ length: 2 * rounds }, (_, i) => {
      const [from, to] = i % 4 < 2 ? this.#buffers : [...this.#buffers].reverse();
      const [a, sum] = i % 2 ? [from, shifted(to, half)] : [shifted(from, half), to];
      const args = { a, b: this.#one, sum, floor: Number.NEGATIVE_INFINITY, count: half, perTask: half / tasks };
      return command("addition", args, tasks);
    });
  }

  /** Runs a program of an even number of rounds. */
  run(program: ReturnType<WasmDevice["bind"]>): void {
    this.#device.run(program);
    this.#rounds += program.length / 2;
  }

  /** The first value that is not what it should be, or −1. */
  wrong(): number {
    const { count } = Exchange;
    return values(this.#device, this.#buffers[0], count).findIndex((v, i) => v !== i + this.#rounds);
  }
}

describe.each([2, 3])("on %d threads, where every command needs the results of the one before it", (threads) => {
  test("thousands of lists of many commands give what they give in order", async () => {
    const device = deviceOf(threads);
    await started(device);
    const exchange = new Exchange(device);
    const program = device.bind(exchange.commands(20));
    for (let i = 0; i < 2000; i++) {
      exchange.run(program);
      if (exchange.wrong() >= 0) expect.fail(`list ${i}: value ${exchange.wrong()}`);
    }
  });

  test("lists of different lengths, of none and of one command among them, alternate", async () => {
    const device = deviceOf(threads);
    await started(device);
    const exchange = new Exchange(device);
    const { run, weights } = counting(device);
    const programs = [2, 0, 30, 4, 0, 2, 14].map((rounds) => device.bind(exchange.commands(rounds)));
    for (let i = 0; i < 3000; i++) {
      exchange.run(programs[i % programs.length]);
      if (i % 3 === 0) run();
    }
    expect(exchange.wrong()).toBe(-1);
    expect([...weights()]).toEqual([-1000]);
  });

  test("commands of one task go from thread to thread, and those of many between them", async () => {
    const device = deviceOf(threads);
    await started(device);
    const exchange = new Exchange(device);
    const alone = device.bind(exchange.commands(30, 1));
    const mixed = device.bind([1, 64, 2, 16, 1, 1, 32].flatMap((tasks) => exchange.commands(2, tasks)));
    for (let i = 0; i < 1500; i++) {
      exchange.run(alone);
      exchange.run(mixed);
    }
    expect(exchange.wrong()).toBe(-1);
  });

  test("each of 64 values after another needs all of those before: products with a permutation", async () => {
    const device = deviceOf(threads);
    await started(device);
    const n = 64;
    const turn = floats(
      device,
      new Float32Array(n * n).map((_, i) => Number((Math.floor(i / n) + 1) % n === i % n)),
    );
    const buffers = [0, 1].map(() =>
      floats(
        device,
        new Float32Array(n).map((_, i) => i),
      ),
    );
    const commands = Array.from({ length: n }, (_, i) => {
      const [a, c] = i % 2 ? [buffers[1], buffers[0]] : buffers;
      const shape = { m: 1, n, k: n, transposeA: 0, transposeB: 0, panelsPerTask: 1 };
      return command("gemm", { a, b: turn, c, bias: null, ...shape }, 8);
    });
    // A whole turn, and one of 62 places.
    const [whole, less] = [device.bind(commands), device.bind(commands.slice(0, n - 2))];
    for (let i = 1; i <= 300; i++) {
      device.run(whole);
      device.run(less);
      const got = [...values(device, buffers[0], n)];
      expect(got).toEqual(got.map((_, j) => (j + 2 * i) % n));
    }
  });

  test("memory may grow between two lists, also for kernels that fill it, and programs bound before go on", async () => {
    const device = deviceOf(threads);
    await started(device);
    const { run, weights } = counting(device);
    for (let i = 0; i < 40; i++) {
      const before = device.memory.byteLength;
      // Beyond what the memory was, where only those see that know that it grew.
      const region = device.allocate(before);
      expect(device.memory.byteLength).toBeGreaterThan(before);
      const [n, side, channels] = [64, 4, 16];
      const count = n * side * side * channels;
      const dx = { region, offset: (region.bytes >> 2) - count };
      const dy = floats(device, ones(n * channels));
      const window = { kh: side, kw: side, strideTop: 1, strideLeft: 1, padTop: 0, padLeft: 0, countPadding: 0 };
      const sizes = { n, h: side, w: side, oh: 1, ow: 1, channels, ...window, imagesPerTask: 1 };
      const program = device.bind([command("averagePoolGrad", { x: null, y: null, dy, dx, ...sizes }, n)]);
      run();
      device.run(program);
      const { f32 } = device.view(region);
      expect(new Set(f32.subarray(dx.offset))).toEqual(new Set([1 / 16]));
      if (device.memory.byteLength > 2 ** 28) break;
    }
    expect(device.memory.byteLength).toBeGreaterThan(2 ** 28);
    expect(weights().size).toBe(1);
  });
});

/** The product of matrices of ones, 64 × k and k × 640, in 80 tasks. */
function product(device: WasmDevice, k: number) {
  const [a, b, c] = [64 * k, k * 640, 64 * 640].map((count) => floats(device, ones(count)));
  const shape = { m: 64, n: 640, k, transposeA: 0, transposeB: 0, panelsPerTask: 1 };
  const program = device.bind([command("gemm", { a, b, c, bias: null, ...shape }, 80)]);
  return { run: () => device.run(program), result: () => values(device, c, 64 * 640) };
}

test("a run returns when its last task is done, whoever does it", async () => {
  const device = deviceOf(3);
  const { run, result } = product(device, 900);
  await started(device);
  for (let i = 0; i < 60; i++) {
    result().fill(0);
    run();
    expect(result().findLastIndex((v) => v !== 900)).toBe(-1);
  }
});

test("all threads take part: the scratch memory of each is used", async () => {
  const device = deviceOf(3);
  const { run, result } = product(device, 64);
  const used = (thread: number) => {
    const from = (controlAddress + controlBytes + thread * limits.scratchBytes) >> 2;
    return device.memory.f32.subarray(from, from + limits.scratchBytes / 4).some((v) => v !== 0);
  };
  // Workers take a moment to start; without them this would go on until the test's time is over.
  while (![0, 1, 2].every(used)) {
    run();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(new Set(result())).toEqual(new Set([64]));
});

test("runs are right from the first, while the threads are still about to start", () => {
  for (let i = 0; i < 30; i++) {
    const device = new WasmDevice({ threads: 3 });
    const exchange = new Exchange(device);
    const program = device.bind(exchange.commands(20));
    for (let j = 0; j < 20; j++) exchange.run(program);
    expect(exchange.wrong()).toBe(-1);
    device.close();
  }
});

test("two devices at once know nothing of each other, nor of one that was closed", async () => {
  const devices = [2, 3].map(deviceOf);
  const closed = deviceOf(3);
  await Promise.all([...devices, closed].map(started));
  const exchanges = devices.map((device) => new Exchange(device));
  const programs = devices.map((device, i) => device.bind(exchanges[i].commands(2 + 8 * i)));
  for (let i = 0; i < 2000; i++) {
    for (const [j, exchange] of exchanges.entries()) exchange.run(programs[j]);
    if (i === 1000) closed.close();
  }
  expect(exchanges.map((exchange) => exchange.wrong())).toEqual([-1, -1]);
});

test.each([1, 3])(
  "a closed device of %d threads refuses runs with E_STATE, and closing again does nothing",
  (threads) => {
    const device = deviceOf(threads);
    const { run, weights } = counting(device);
    run();
    device.close();
    expect(device.closed).toBe(true);
    expect(run).toThrow(
      expect.objectContaining({ code: "E_STATE", message: expect.stringContaining("Make a new one") }),
    );
    expect([...weights()]).toEqual([-1]);
    device.close();
  },
);

/** Where there is no memory: in the last page below 2 GiB. */
const beyond = (): Place => ({ region: { address: 2 ** 31 - 65536, bytes: 65536 } as Region, offset: 0 });

/** The error of a run, which must fail. */
function failure(run: () => void): BatchNormError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(BatchNormError);
    return error as BatchNormError;
  }
  return expect.fail("expected the run to fail");
}

describe.each([1, 2, 3])("a kernel that fails, on %d threads,", (threads) => {
  test("ends the run, which names it, and what comes after it in the list is not done; the next lists are", async () => {
    const device = deviceOf(threads);
    await started(device);
    const { step, weights } = countdown(device);
    const lr = floats(device, ones(1));
    const numbers = { count: 800, perTask: 16, lr, momentum: 0, weightDecay: 0, nesterov: 0 };
    const bad = command("sgd", { weight: beyond(), grad: beyond(), velocity: null, ...numbers }, 50);
    const copy = { rows: 1, columns: 8, fromWidth: 8, toWidth: 8, rowsPerTask: 1 };
    const worse = command("copyColumns", { from: beyond(), to: beyond(), ...copy }, 1);
    const lists = [[bad], [step, worse, step], [step, step, bad, step, worse]].map((list) => device.bind(list));
    const [good, done] = [device.bind([step]), [0, 1, 2]];
    let total = 0;
    for (let i = 0; i < 400; i++) {
      const { code, message } = failure(() => device.run(lists[i % 3]));
      expect(code).toBe("E_PLATFORM");
      expect(message).toContain(`expected ${i % 3 === 1 ? "copyColumns" : "sgd"} to end`);
      device.run(good);
      total += done[i % 3] + 1;
      expect([...weights()]).toEqual([-total]);
    }
  });

  test("may do so in one task alone, whoever has it", async () => {
    const device = deviceOf(threads);
    await started(device);
    const [a, b] = [0, 1].map(() => floats(device, new Float32Array(64 * 256)));
    const { run, weights } = counting(device);
    // Memory grows by more than is asked for: what is bound next has room, and so have 63 tasks at the end.
    device.allocate(device.memory.byteLength);
    const { byteLength, top } = device.memory;
    expect(byteLength - top).toBeGreaterThan(2 ** 18);
    const sum = { region: { address: byteLength - 63 * 1024, bytes: 63 * 1024 } as Region, offset: 0 };
    const bad = device.bind([command("addition", { a, b, sum, floor: 0, count: 64 * 256, perTask: 256 }, 64)]);
    expect(device.memory.byteLength).toBe(byteLength);
    const seen = new Set<boolean>();
    let i = 0;
    // Whether the caller had it: with others, until each has.
    while (i < 200 || seen.size < Math.min(threads, 2)) {
      const { message, cause } = failure(() => device.run(bad));
      expect(message).toContain("expected addition to end");
      seen.add(cause instanceof WebAssembly.RuntimeError);
      run();
      expect([...weights()]).toEqual([-++i]);
    }
  });
});

test("an exception between two runs leaves the threads usable", async () => {
  const device = deviceOf(3);
  const { run, weights } = counting(device);
  await started(device);
  for (let i = 0; i < 50; i++) {
    expect(() => {
      run();
      throw new Error("of the user's own");
    }).toThrow("of the user's own");
  }
  run();
  expect([...weights()]).toEqual([-51]);
});
