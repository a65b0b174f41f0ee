/** What a page has to load: the library and its worker, minified and gzipped, WebAssembly included. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const KB = 1024;
const dist = fileURLToPath(new URL("../dist", import.meta.url));

/** @param source  a module's text, or the path of one in dist */
async function gzipped(source: { text: string } | { path: string }): Promise<number> {
  const entry =
    "text" in source
      ? { stdin: { contents: source.text, resolveDir: dist } }
      : { entryPoints: [`${dist}/${source.path}`] };
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  expect(outputFiles).toHaveLength(1);
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const network = "BatchNorm, Dataset, Linear, SGD, Sequential, Sigmoid, Trainer, gaussian, initialize";

it.each([
  ["what trains the paper's network for MNIST", `export { ${network} } from "./index.js"`, 56],
  ["everything", 'export * from "./index.js"', 66],
])("%s, with its worker, is at most so many KB", async (what, text, most) => {
  const library = await gzipped({ text });
  const worker = await gzipped({ path: "wasm/worker.js" });
  console.log(`${what}: ${(library / KB).toFixed(1)} KB, worker ${(worker / KB).toFixed(1)} KB, gzipped`);
  // Both builds of the kernels are in there: less would mean that something was left out.
  expect(library).toBeGreaterThan(10 * KB);
  expect(library + worker).toBeLessThanOrEqual(most * KB);
});
