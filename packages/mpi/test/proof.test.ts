/** Several ranks train as one process does, with the same batches: losses and weights within 1e-6 after 200 steps. */
import { describe, expect, it } from "vitest";
import { describeRanks, resultsOf } from "./support/ranks.ts";

interface Result {
  losses: number[];
  evaluation: { loss: number; accuracy: number };
  digest: string;
  state: [name: string, values: number[]][];
}

const STEPS = 200;
const train = (size: number, job: object) =>
  resultsOf<Result>(size, "training.mjs", { steps: STEPS, lr: 0.03, alone: size === 0, ...job });

/** ‖a − b‖ / ‖b‖ */
function apart(a: number[], b: number[]): number {
  const square = (values: number[]) => values.reduce((sum, v) => sum + v * v, 0);
  return Math.sqrt(square(a.map((v, i) => v - b[i])) / square(b));
}

/** The largest relative difference of any step's loss, and of any array of weights or statistics. */
function differences(result: Result, whole: Result) {
  return {
    losses: Math.max(...result.losses.map((loss, i) => Math.abs(loss / whole.losses[i] - 1))),
    weights: Math.max(...result.state.map(([, values], i) => apart(values, whole.state[i][1]))),
    measured: Math.abs(result.evaluation.loss / whole.evaluation.loss - 1),
  };
}

describeRanks("training on several ranks", () => {
  describe.each(["mnist", "images"])("a network for %s", (network) => {
    let alone: Promise<Result[]> | null = null;
    const whole = async () => {
      alone ??= train(0, { network });
      const [result] = await alone;
      expect(result.losses).toHaveLength(STEPS);
      // It learns: nothing is proved by weights that stay where they were.
      expect(result.losses[STEPS - 1]).toBeLessThan(0.8 * result.losses[0]);
      return result;
    };

    it("has the same bits on one rank as without MPI", async () => {
      const [rank] = await train(1, { network });
      expect(rank.digest).toBe((await whole()).digest);
    });

    it.each([2, 3, 4])("is the same as on one process, on %d ranks", async (size) => {
      const ranks = await train(size, { network });
      expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
      const { losses, weights, measured } = differences(ranks[0], await whole());
      expect(losses).toBeLessThan(1e-6);
      expect(weights).toBeLessThan(1e-6);
      expect(measured).toBeLessThan(1e-6);
      expect(ranks[0].evaluation.accuracy).toBe((await whole()).evaluation.accuracy);
    });

    it("is visibly another without synchronized batch norm", async () => {
      const [rank] = await train(2, { network, sync: false });
      const { losses, weights } = differences(rank, await whole());
      expect(losses).toBeGreaterThan(1e-2);
      expect(weights).toBeGreaterThan(1e-2);
    });
  });

  it.each([2, 3])("has the same bits from run to run on %d ranks", async (size) => {
    const [one] = await train(size, { network: "images", steps: 50 });
    const [other] = await train(size, { network: "images", steps: 50 });
    expect(one.digest).toBe(other.digest);
  });

  it("is the same where shares are uneven, and some are empty", async () => {
    const job = { network: "images", steps: 50, batchSize: 3, lr: 0.01 };
    const [whole] = await train(0, job);
    const ranks = await train(4, job);
    expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
    const { losses, weights } = differences(ranks[0], whole);
    expect(losses).toBeLessThan(1e-6);
    // Few steps leave β near 0, where rounding shows.
    expect(weights).toBeLessThan(1e-5);
  });
});
