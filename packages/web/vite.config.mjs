import { defineConfig } from "vite";
import { packDigits } from "./tools/digits.mjs";
import { headers } from "./tools/headers.mjs";

/** Puts the data beside the page. */
const digits = {
  name: "digits",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "digits.bin", source: packDigits() });
  },
};

export default defineConfig({
  // Relative addresses: the page may be put in any folder of any host.
  base: "./",
  // One page: whatever else is asked for is not there.
  appType: "mpa",
  plugins: [digits],
  worker: { format: "es" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  preview: { host: "localhost", headers },
});
