/** What a page has to load: the library and its worker, minified and gzipped, WebAssembly included. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const MOST = 40 * 1024;

async function gzipped(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../dist/${entry}`, import.meta.url))],
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

it("the library with its worker is at most 40 KB", async () => {
  const library = await gzipped("index.js");
  const worker = await gzipped("engine/worker.js");
  console.log(`library ${(library / 1024).toFixed(1)} KB, worker ${(worker / 1024).toFixed(1)} KB, gzipped`);
  // Both builds of the kernels are in there: less would mean that something was left out.
  expect(library).toBeGreaterThan(10 * 1024);
  expect(library + worker).toBeLessThanOrEqual(MOST);
});
