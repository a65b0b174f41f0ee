/** What a visitor has to fetch before the page works, without the digits. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const KB = 1024;
const assets = fileURLToPath(new URL("../dist/assets", import.meta.url));

it("is at most 150 KB of script, gzipped", () => {
  const scripts = readdirSync(assets).filter((file) => file.endsWith(".js"));
  const size = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(`${assets}/${file}`), { level: 9 }).length, 0);
  console.log(`script of the page and its workers: ${(size / KB).toFixed(1)} KB, gzipped`);
  // The page and its worker: less would mean that one was left out.
  expect(scripts.length).toBeGreaterThanOrEqual(2);
  expect(size).toBeLessThanOrEqual(150 * KB);
});

it("has only relative addresses", () => {
  const page = readFileSync(`${assets}/../index.html`, "utf8");
  const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  expect(addresses.length).toBeGreaterThanOrEqual(3);
  expect(addresses.filter((address) => !/^(\.\/|data:)/.test(address))).toEqual([]);
});
