// @ts-check
// The lab's page against Node: steps a second of the same two networks, trained beside each other, and how smooth the page
// stays. `node bench/lab.mjs`, after `npm run build`; needs Chromium (CHROMIUM tells its path).

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { BatchNorm, Dataset, gaussian, initialize, Linear, Sequential, SGD, Sigmoid, Trainer } from "batchnorm";
import { chromium } from "playwright-core";
import { preview } from "vite";
import { median } from "./stats.mjs";

/** Pairs of page and Node. */
const ROUNDS = 5;
/** For steps a second, then for pictures: the page pauses by itself at 10,000 steps. */
const SECONDS = 5;
const WATCHED_SECONDS = 2;
/** Until here the page measures often. */
const WARM = 1_000;
/** What both train: three hidden layers of 100. */
const EXPERIMENT = "#lr=0.3&sigma=0.1&batch=60&activation=sigmoid&width=100&norm=111&statistics=running&seed=1";
const web = fileURLToPath(new URL("../packages/web", import.meta.url));

/** One of the two networks in a process of its own, with nothing to do but to train. @param {boolean} batchNorm */
async function trainHere(batchNorm) {
  const file = gunzipSync(readFileSync(`${web}/dist/digits.bin`));
  const count = file.readUInt32LE(0);
  const from = 8 + count + file.readUInt32LE(4);
  const data = Uint8Array.from({ length: count * 784 }, (_, i) => (file[from + (i >> 3)] >> (i & 7)) & 1);
  const digits = new Dataset({ data, shape: [784], labels: file.subarray(8, 8 + count) });
  const layers = [784, 100, 100].flatMap((inputs) => [
    new Linear(inputs, 100, { bias: !batchNorm }),
    ...(batchNorm ? [new BatchNorm(100)] : []),
    new Sigmoid(),
  ]);
  const model = new Sequential(...layers, new Linear(100, 10));
  initialize(model, gaussian(0.1), { seed: 1 });
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.3 }), threads: 1, seed: 1 });
  const train = async (/** @type {number} */ steps) => {
    await trainer.fit(digits, { steps, batchSize: 60 });
  };
  await train(WARM);
  const start = performance.now();
  let steps = WARM;
  while (performance.now() - start < 1000 * SECONDS) {
    steps += 100;
    await train(steps);
  }
  trainer.close();
  process.send?.((1000 * (steps - WARM)) / (performance.now() - start));
}

/** @returns {Promise<number[]>} steps a second, with batch norm and without */
function inNode() {
  const self = fileURLToPath(import.meta.url);
  const run = (/** @type {string} */ which) =>
    new Promise((resolve, reject) => {
      const child = fork(self, [which]).once("message", resolve).once("error", reject);
      child.once("exit", (code) => code && reject(new Error(`training in Node has ended with ${code}`)));
    });
  return Promise.all([run("with"), run("without")]);
}

/** @param {import("playwright-core").Page} page */
async function inPage(page) {
  await page.locator('button:text-is("Start"):enabled').click();
  const steps = () =>
    page
      .locator(".standing .words")
      .allTextContents()
      .then((all) => all.map((text) => Number(/at step ([\d,]+)/.exec(text)?.[1].replaceAll(",", "") ?? 0)));
  while (Math.min(...(await steps())) < WARM) await page.waitForTimeout(100);
  const before = await steps();
  const start = performance.now();
  await page.waitForTimeout(1000 * SECONDS);
  const seconds = (performance.now() - start) / 1000;
  const pace = (await steps()).map((step, i) => (step - before[i]) / seconds);
  return { pace, ...(await page.evaluate(watch, 1000 * WATCHED_SECONDS)) };
}

/** In the page: the time between pictures, and tasks of more than 50 ms. @param {number} milliseconds */
async function watch(milliseconds) {
  const long = /** @type {number[]} */ ([]);
  new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: "longtask",
  });
  const frames = /** @type {number[]} */ ([]);
  const start = performance.now();
  let last = start;
  while (last - start < milliseconds) {
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    frames.push(now - last);
    last = now;
  }
  return { frames, long };
}

async function compare() {
  const server = await preview({
    root: web,
    configFile: `${web}/vite.config.mjs`,
    logLevel: "error",
    preview: { port: 0 },
  });
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const address = /** @type {string} */ (server.resolvedUrls?.local[0]);
  const rounds = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await page.goto(`${address}${EXPERIMENT}`);
      const inBrowser = await inPage(page);
      await page.goto("about:blank");
      rounds.push({ page: inBrowser, node: await inNode() });
    }
  } finally {
    await browser.close();
    await server.close();
  }
  for (const [i, name] of ["with batch norm", "without"].entries()) {
    const ours = median(rounds.map(({ page }) => page.pace[i]));
    const theirs = median(rounds.map(({ node }) => node[i]));
    const ratio = median(rounds.map(({ page, node }) => page.pace[i] / node[i]));
    console.log(`${name}: ${ours.toFixed(0)} steps/s in the page, ${theirs.toFixed(0)} in Node: ${ratio.toFixed(2)}`);
  }
  const frames = rounds.flatMap(({ page }) => page.frames).sort((a, b) => a - b);
  const late = frames.filter((frame) => frame > 25).length / frames.length;
  const long = rounds.flatMap(({ page }) => page.long);
  const at = (/** @type {number} */ p) => frames[Math.floor(p * (frames.length - 1))].toFixed(1);
  console.log(`frames: median ${at(0.5)} ms, 99% within ${at(0.99)} ms, ${(100 * late).toFixed(1)}% late`);
  console.log(
    `long tasks: ${long.length} in ${ROUNDS * WATCHED_SECONDS} s, the longest ${Math.max(0, ...long).toFixed(0)} ms`,
  );
}

const [which] = process.argv.slice(2);
await (which ? trainHere(which === "with") : compare());
