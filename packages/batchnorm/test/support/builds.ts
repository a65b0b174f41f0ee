import { configure } from "batchnorm";
import { afterAll, beforeAll, describe } from "vitest";

export const builds = ["reference", "simd", "relaxed"] as const;
export type TestedBuild = (typeof builds)[number];

/** The same tests with layers and functions running on each build. */
export function onEveryBuild(suite: (build: TestedBuild) => void): void {
  describe.each(builds)("on the %s build", (build) => {
    beforeAll(() => configure({ build }));
    afterAll(() => configure({}));
    suite(build);
  });
}
