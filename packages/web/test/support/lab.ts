/** The built page, on a server of its own, in a Chromium of the system. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { describe } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What the configuration of the tests has found. */
const executable = process.env.CHROMIUM;

/** Tests of the page; skipped, with the reason in their name, where there is no Chromium. */
export function describeInChromium(name: string, tests: () => void): void {
  if (executable) describe(name, tests);
  else describe.skip(`${name} (skipped: found no Chromium; run tools/chromium.sh or set CHROMIUM)`, tests);
}

export interface Point {
  step: number;
  loss: number | null;
  accuracy: number;
  percentiles: number[];
}

/** What the page saves as JSON. */
export interface Saved {
  address: string;
  preset: string | null;
  experiment: Record<string, unknown>;
  networks: Record<"with" | "without", { steps: number; diverged: boolean; points: Point[] }>;
}

/** A server and a browser. */
export class Lab {
  readonly #server: PreviewServer;
  readonly #browser: Browser;

  private constructor(server: PreviewServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  /** @param isolated  false: a server without the headers that threads need */
  static async open({ isolated = true } = {}): Promise<Lab> {
    if (!existsSync(`${root}/dist/index.html`)) throw new Error("expected the built page; npm run build makes it");
    const options = { host: "localhost", port: 0 };
    const server = await preview({
      root,
      logLevel: "error",
      preview: options,
      ...(isolated ? { configFile: `${root}/vite.config.mjs` } : { configFile: false }),
    });
    // Chromium's own sandbox does not start for root, as whom continuous integration often runs.
    const browser = await chromium.launch({ executablePath: executable as string, args: ["--no-sandbox"] });
    return new Lab(server, browser);
  }

  get address(): string {
    return this.#server.resolvedUrls?.local[0] as string;
  }

  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    return context.newPage();
  }

  /** The page at an address, ready to train. */
  async visit(hash: string, page?: Page): Promise<Page> {
    const one = page ?? (await this.page());
    await one.goto(this.address + hash);
    await one.getByRole("button", { exact: true, name: "Start", disabled: false }).waitFor();
    return one;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }
}

/** Trains until both networks, unless they diverge, have taken so many steps; then pauses. */
export async function trainTo(page: Page, step: number): Promise<void> {
  await page.getByRole("button", { exact: true, name: "Start" }).click();
  await page.waitForFunction((least) => {
    const standings = [...document.querySelectorAll(".standing .words")].map((line) => line.textContent ?? "");
    const at = (text: string) => Number(/at step ([\d,]+)/.exec(text)?.[1].replaceAll(",", "") ?? 0);
    return standings.every((text) => /diverged/.test(text) || at(text) >= least);
  }, step);
  const pause = page.getByRole("button", { exact: true, name: "Pause" });
  if (await pause.isVisible()) await pause.click();
  await page.getByRole("button", { exact: true, name: "Start" }).waitFor();
}

/** What the page has measured, by way of the file that it saves. */
export async function saved(page: Page): Promise<Saved> {
  return JSON.parse((await savedAs(page, "JSON")).toString());
}

/** The file that a button of the page saves. */
export async function savedAs(page: Page, name: "JSON" | "PNG" | "SVG"): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { exact: true, name }).click(),
  ]);
  return readFileSync(await download.path());
}

/** The points of the first steps, as they were measured. */
export function first({ networks }: Saved, steps: number): [Point[], Point[]] {
  const of = (points: Point[]) => points.filter(({ step }) => step <= steps);
  return [of(networks.with.points), of(networks.without.points)];
}

/** Of the last measurement, for the network with batch norm and the one without. */
export function lastAccuracies({ networks }: Saved): [number, number] {
  return [networks.with, networks.without].map(({ points }) => points[points.length - 1].accuracy) as [number, number];
}

/** axe-core's text, to be run in the page. */
export const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
