/** Collective calls over the system's MPI. */
import { expect, it } from "vitest";
import { describeRanks, resultsOf } from "./support/ranks.ts";

interface Result {
  rank: number;
  size: number;
  library: string;
  [key: string]: unknown;
}

const range = (size: number) => Array.from({ length: size }, (_, rank) => rank);
const total = (values: number[]) => values.reduce((a, b) => a + b, 0);

describeRanks("a communicator", () => {
  it.each([0, 1, 2, 3])("gives all ranks the same, with mpirun -np %d (0: without mpirun)", async (started) => {
    const size = Math.max(1, started);
    const results = await resultsOf<Result>(started, "collectives.mjs", {});
    for (const [rank, result] of results.entries()) {
      expect(result).toMatchObject({ rank, size, local: size, again: "E_STATE", closed: "E_STATE" });
      expect(result.library).toMatch(/^MPICH \d+\.\d+/);
      expect(result.gathered).toEqual(range(size).flatMap((r) => [r, r * r]));
      expect(result).toMatchObject({ none: [], broadcast: [0, 5], last: size - 1, bytes: "eight €", empty: 0 });
      const of = (i: number) => total(range(size).map((r) => i + r));
      expect(result.memory).toEqual([
        [7, of(0), of(7999), 7],
        [7, of(0), of(7999), 7],
      ]);
      const [floats, doubles] = result.sums as number[][];
      expect(floats).toEqual([total(range(size).map((r) => r + 1)), expect.closeTo(0.1 * size, 6)]);
      expect(doubles).toEqual([total(range(size).map((r) => 10 ** r)), expect.closeTo(0.1 * size, 14)]);
      expect(result.sums).toEqual(results[0].sums);
      expect(result.traffic).toEqual({ calls: 2, bytes: 128, waited: true });
      const refused = {
        name: "MpiError",
        code: "E_AGREE",
        message:
          'expected all ranks to have the same in the layers, but rank 2 has "layer Linear" where rank 0 has "layer BatchNorm"',
      };
      expect(result.refused).toEqual(size > 2 ? refused : undefined);
    }
  });
});
