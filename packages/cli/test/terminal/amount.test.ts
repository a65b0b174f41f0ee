import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { amountBar, amountLines, MEGABYTES } from "#dist/terminal/amount.js";

test("lines come every ten seconds and at the end, and what was kept does not count as fast", () => {
  let now = 0;
  const lines: string[] = [];
  const progress = amountLines(
    MEGABYTES,
    (line) => lines.push(line),
    () => now,
  );
  progress.begin(100e6, 40e6);
  for (now = 1; now <= 20; now++) progress.advance(40e6 + now * 2.5e6);
  progress.advance(100e6);
  now = 24;
  progress.end();
  expect(lines).toEqual([
    "40.0 of 100.0 MB from before kept",
    " 65%  65.0 of 100.0 MB, 2.5 MB/s, 14 s left",
    " 90%  90.0 of 100.0 MB, 2.5 MB/s, 4 s left",
    "100%  100.0 of 100.0 MB, 2.5 MB/s",
  ]);
});

test("a bar shows share, rate and time left, and leaves the terminal as it was", async () => {
  let written = "";
  const stream = new PassThrough().on("data", (chunk) => {
    written += chunk;
  });
  const terminal = Object.assign(stream, { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream;
  const progress = amountBar(terminal, MEGABYTES);
  progress.begin(100e6, 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  progress.advance(25e6);
  await new Promise((resolve) => setTimeout(resolve, 300));
  progress.end();
  expect(written).toMatch(/25% {2}25\.0 of 100\.0 MB, [\d.]+ MB\/s, \d+ s left/);
  expect(written.lastIndexOf("\x1b[?25h")).toBeGreaterThan(written.lastIndexOf("\x1b[?25l"));
});
