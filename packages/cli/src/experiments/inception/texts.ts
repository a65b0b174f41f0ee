/** What tables and sentences say of a network. */
import { fixed, integer, percent } from "../../words.ts";
import { INCEPTIONS, type Printed } from "./models.ts";
import { fastest, race, type Standing } from "./race.ts";
import type { InceptionResults, InceptionRun } from "./results.ts";

/** Which was the first to be as good as Inception. */
export function raceSentence(results: InceptionResults): string {
  const standing = race(results);
  const first = fastest(standing);
  const { accuracy, step } = standing.target;
  const best = `${percent(accuracy)}, the best test accuracy of Inception without batch norm`;
  if (!first?.steps) return `No other network reached ${best} within ${integer(results.steps)} steps.`;
  const reached = `${first.run.name} was the first to reach ${best}, after ${integer(first.steps)} steps`;
  return first.steps < step
    ? `${reached} instead of ${integer(step)}: ${ratioText(first)} times fewer.`
    : `${reached}, no sooner.`;
}

/** How many times fewer steps than Inception's. */
export function ratioText({ ratio }: Standing): string {
  return fixed(ratio ?? Number.NaN, 1);
}

/** What the paper printed of it. */
export function printedOf({ name }: Pick<InceptionRun, "name">): Printed | undefined {
  return INCEPTIONS.find((model) => model.name === name)?.paper;
}

/** Steps, or that it never was so good. */
export function never(steps: number | null): string {
  return steps === null ? "never" : integer(steps);
}

/** The same in words: learning rate, steps, accuracy. */
export function printedText(printed: Printed | undefined): readonly [string, string, string] {
  if (!printed) return ["", "", ""];
  const { learningRate, steps, accuracy } = printed;
  return [
    learningRate === null ? "not given" : String(learningRate),
    steps === null ? "never" : `${fixed(steps / 1e6, 1)} M`,
    accuracy === null ? "guessing" : percent(accuracy, 1),
  ];
}
