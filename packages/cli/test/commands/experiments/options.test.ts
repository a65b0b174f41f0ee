import { expect, test } from "vitest";
import { flagsIn, reproduceOptions } from "#dist/commands/experiments/options.js";
import { EXPERIMENTS } from "#dist/experiments/index.js";

const flags = { search: "help", "both-ways": "help", fast: "help" };

test("an experiment's own options are among those of the command, and those given are told apart", () => {
  const [experiment] = EXPERIMENTS;
  const own = { ...experiment, flags };
  const options = reproduceOptions(own);
  const names = options.map(({ long }) => long);
  expect(names).toEqual(expect.arrayContaining(["--seed", "--quick", "--search", "--both-ways", "--fast", "--mpi"]));
  const given = { seed: 1, quick: true, search: true, bothWays: true };
  expect([...flagsIn(given, own)]).toEqual(["search", "both-ways"]);
});

test("--mpi is there only where ranks know the kind of runs", () => {
  const taking = EXPERIMENTS.filter((each) => reproduceOptions(each).some(({ long }) => long === "--mpi"));
  expect(taking.map(({ name }) => name)).toEqual(["figure1"]);
});
