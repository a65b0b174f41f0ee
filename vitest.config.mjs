import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["packages/batchnorm/test/support/setup.ts"],
    // Generous: a machine may be busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two at a time: each test file may start threads of its own.
    maxWorkers: 2,
    reporters: ["default", "./tools/count.mjs"],
  },
});
