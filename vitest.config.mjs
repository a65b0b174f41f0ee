import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const chromium = process.env.CHROMIUM ?? places.find((place) => existsSync(place));

/** Test files that need Node say so in what they import; all others of the library run in a browser too. */
const needsNode = /from "(node:|batchnorm\/node|\.+\/support\/(process|child|interleavings)\.ts)/;
const tests = join(import.meta.dirname, "packages/batchnorm/test");
const forNode = readdirSync(tests, { recursive: true })
  .filter((file) => file.endsWith(".test.ts") && needsNode.test(readFileSync(join(tests, file), "utf8")))
  .map((file) => `packages/batchnorm/test/${file.replaceAll("\\", "/")}`);

const inNode = {
  extends: true,
  test: {
    name: "node",
    // Tests of the page start it themselves.
    env: { CHROMIUM: chromium ?? "" },
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["packages/batchnorm/test/support/environment.ts"],
  },
};

const inChromium = {
  extends: true,
  // Isolation, which threads need.
  server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
  test: {
    include: ["packages/batchnorm/test/**/*.test.ts"],
    exclude: forNode,
    // After those in Node, not beside them.
    sequence: { groupOrder: 1 },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // Chromium's own sandbox does not start for root, as whom continuous integration often runs.
      provider: playwright({ launchOptions: { executablePath: chromium, args: ["--no-sandbox"] } }),
      instances: [{ browser: "chromium", name: "chromium" }],
    },
  },
};

const missing = chromium
  ? null
  : "Skipped the library's tests in a browser: found no Chromium; run tools/chromium.sh or set CHROMIUM.";

export default defineConfig({
  test: {
    projects: chromium ? [inNode, inChromium] : [inNode],
    // Generous: a machine may be busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two at a time: each test file may start threads of its own.
    maxWorkers: 2,
    reporters: ["default", ["./tools/count.mjs", { missing }]],
  },
});
