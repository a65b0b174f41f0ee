import { configure } from "batchnorm";
import { afterAll, beforeAll, describe } from "vitest";

export const builds = ["simd", "relaxed"] as const;
export type TestedBuild = (typeof builds)[number];

/** The same tests with calls on tensors, outside a trainer, running on each build of the CPU. */
export function onEveryBuild(suite: (build: TestedBuild) => void): void {
  describe.each(builds)("on the %s build", (build) => {
    beforeAll(() => configure({ build }));
    afterAll(() => configure({}));
    suite(build);
  });
}
