/**
 * What assembly/threads.ts promises, in the orders in which threads may come to its accesses of memory: every task is
 * done once, after those of the command before it and while its list is open; a run returns when all is done or, after a
 * failure, when nobody is at work; nobody waits for ever.
 */
import { Random } from "batchnorm";
import { describe, expect, test } from "vitest";
import { type Change, explore, type Scenario, sample } from "../support/interleavings.ts";

const scenarios: [string, Scenario][] = [
  ["two lists of two commands", { workers: 1, lists: [[2, 1], [1, 2]], woken: true }], // biome-ignore format: shapes
  ["lists of one task, of none, of more", { workers: 1, lists: [[1], [], [2]], woken: true }],
  ["a caller that may not sleep", { workers: 1, lists: [[2, 1], [1]], sleeps: false, woken: true }],
  [
    "a failure in the first command",
    {
      workers: 1,
      lists: [
        [2, 2],
        [1, 2],
      ],
      failing: ["0.0.1"],
    },
  ],
  ["a failure in the last command", { workers: 1, lists: [[1, 1], [2]], failing: ["0.1.0"] }],
  [
    "failures in all tasks, of several lists",
    { workers: 1, lists: [[2], [1], [2]], failing: ["0.0.0", "0.0.1", "1.0.0"] },
  ],
];

describe("one worker and its caller, with two exceptions to who goes on", () => {
  test.each(scenarios)("%s", (_, scenario) => {
    expect(explore(scenario, 2)).toBeGreaterThan(500);
  });
});

const withTwo: [string, Scenario][] = [
  ["lists of several tasks", { workers: 2, lists: [[3], [2, 1], [3]], woken: true }],
  [
    "failures in between",
    {
      workers: 2,
      lists: [
        [3, 1],
        [2, 1],
        [1, 3],
      ],
      failing: ["0.0.0", "0.0.2", "2.1.1"],
    },
  ],
];

describe("two workers and their caller, with one exception, and in orders by chance", () => {
  test.each(withTwo)("%s", (_, scenario) => {
    expect(explore(scenario, 1)).toBeGreaterThan(100);
    sample(scenario, 1000, new Random(1));
  });
});

/** The protocol without a part of it. */
function without(part: string | RegExp, instead = ""): Change {
  return (text) => {
    const changed = text.replace(part, instead);
    if (changed === text) throw new Error(`expected threads.ts to have ${part}`);
    return changed;
  };
}

const [plain, , , failing, , several] = scenarios.map(([, scenario]) => scenario);
const taking = "if (atomic.cmpxchg<i64>(control, ticket, ticket + 1) != ticket) continue;";
const resetting = "atomic.store<i32>(control, 0, CONTROL_DONE);\n  const epoch";
const waking = "if (atomic.load<i32>(control, CONTROL_WAITING) > 0) atomic.notify(control, -1);";
const faults: [string, string, Scenario, Change][] = [
  [
    "a task taken without a look at who else did",
    "begun twice",
    plain,
    without(taking, "atomic.store<i64>(control, ticket + 1);"),
  ],
  [
    "a next command before all tasks are done",
    "before command 0 was done",
    plain,
    without("+ 1 == tasks) advance", ">= 0) advance"),
  ],
  ["tasks of a list counted in the next", "it does not end", failing, without(resetting, "const epoch")],
  [
    "a settlement while others are at work",
    "at work",
    failing,
    without("while (atomic.load<i32>(control, CONTROL_INSIDE) > 0) {}"),
  ],
  [
    "workers that never say that they are at work",
    "at work",
    several,
    without("atomic.add<i32>(control, 1, CONTROL_INSIDE);"),
  ],
  [
    "workers that never say that they are through",
    "wait for one another",
    failing,
    without("if (heard != 0) atomic.sub<i32>(control, 1, CONTROL_INSIDE);"),
  ],
  ["sleepers whom nobody wakes for the next command", "wait for one another", plain, without(waking)],
  [
    "sleepers whom nobody wakes at the end",
    "wait for one another",
    plain,
    without(/(function close[\s\S]*)atomic\.notify.*\n/, "$1"),
  ],
  ["the same epoch for every list", "none of 1 tasks", plain, without(">> 36) + 1;", ">> 36);")],
];

test.each(faults)("%s: it is noticed (%s)", (_, message, scenario, change) => {
  expect(() => {
    explore(scenario, 2, change);
    sample(scenario, 2000, new Random(1), change);
  }).toThrow(message);
});
