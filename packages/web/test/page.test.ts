/** The page itself: for whom it works, what it says when something is missing, what it never does. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { axe, describeInChromium, Lab, lastAccuracies, saved, savedAs, trainTo } from "./support/lab.ts";

const SMALL = "#lr=0.3&sigma=0.1&batch=20&activation=tanh&width=10&norm=11&seed=7";

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

describeInChromium("the page", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  it.each([
    ["light", 1440],
    ["dark", 1440],
    ["light", 360],
    ["dark", 360],
  ] as const)("is accessible: %s, %i pixels wide", async (colorScheme, width) => {
    const page = await lab.visit(SMALL, await lab.page({ colorScheme, viewport: { width, height: 740 } }));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await seriousViolations(page)).toEqual([]);
    await trainTo(page, 20);
    expect(await seriousViolations(page)).toEqual([]);
    expect(await page.getByRole("status").last().textContent()).toMatch(/With batch norm: paused at step \d+/);
  });

  it("asks nobody but its own host, breaks no rule of its policy, and holds still while it loads", async () => {
    const page = await lab.page();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.context().on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.addInitScript(() => {
      const global = window as unknown as { violations: string[]; moved: number };
      global.violations = [];
      global.moved = 0;
      addEventListener("securitypolicyviolation", ({ violatedDirective }) => global.violations.push(violatedDirective));
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) global.moved += (entry as unknown as { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await lab.visit(SMALL, page);
    await trainTo(page, 50);
    expect(await page.evaluate("violations")).toEqual([]);
    expect(await page.evaluate("moved")).toBeLessThan(0.02);
    expect(complaints).toEqual([]);
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.filter((url) => !url.startsWith(lab.address) && !/^(data|blob):/.test(url))).toEqual([]);
    const policy = (await (await fetch(lab.address)).headers.get("content-security-policy")) ?? "";
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).not.toContain("'unsafe-inline'");
  });

  it("is used with the keyboard alone", async () => {
    const page = await lab.visit(SMALL);
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
    const tabTo = async (what: (text: string) => boolean) => {
      for (let i = 0; i < 60 && !what(await focused()); i++) await page.keyboard.press("Tab");
      expect(what(await focused())).toBe(true);
    };
    await tabTo((text) => text === "Start");
    await page.keyboard.press("Enter");
    await page.locator("#standing-with", { hasText: "steps/s" }).waitFor();
    await page.keyboard.press("Space");
    await page.locator("#standing-with", { hasText: "paused" }).waitFor();
    await page.getByLabel("Learning rate").focus();
    await page.keyboard.press("ArrowRight");
    expect(page.url()).toContain("lr=1&");
    const handle = page.getByRole("slider", { name: "Input x2" });
    const mean = page.locator(".formulas strong").first();
    const before = await mean.textContent();
    await handle.focus();
    await page.keyboard.press("Shift+ArrowRight");
    expect(await handle.getAttribute("aria-valuetext")).toBe("−1.30");
    expect(await mean.textContent()).not.toBe(before);
  });

  it("shares an experiment by its address", async () => {
    const context = { permissions: ["clipboard-read", "clipboard-write"] };
    const page = await lab.visit("#preset=start&seed=5&bogus=1&batch=9999", await lab.page(context));
    await page.getByText("“bogus” is no setting of this page").waitFor();
    await page.getByRole("button", { exact: true, name: "Share" }).click();
    await page.getByText("The address is copied").waitFor();
    const address = await page.evaluate(() => navigator.clipboard.readText());
    const other = await lab.visit(new URL(address).hash);
    const { experiment, address: same } = await saved(other);
    expect(same).toBe(address);
    expect(experiment).toMatchObject({ sigma: 0.001, seed: 5, batchSize: 500 });
    expect(experiment).toEqual((await saved(page)).experiment);
  });

  it("saves the race as SVG and PNG", async () => {
    const page = await lab.visit(SMALL);
    await trainTo(page, 50);
    const drawing = (await savedAs(page, "SVG")).toString();
    const parsed = await page.evaluate((text) => {
      const { documentElement } = new DOMParser().parseFromString(text, "image/svg+xml");
      return [documentElement.tagName, documentElement.querySelectorAll("polyline").length];
    }, drawing);
    expect(parsed).toEqual(["svg", 4]);
    expect((await savedAs(page, "PNG")).subarray(1, 4).toString()).toBe("PNG");
  });

  it("says that the digits do not come, and fetches them again", async () => {
    const page = await lab.page();
    await page.route("**/digits.bin", (route) => route.fulfill({ status: 503 }));
    await page.goto(lab.address + SMALL);
    await page.getByText("The digits could not be fetched: the host answered 503.").waitFor();
    await page.unroute("**/digits.bin");
    await page.route("**/digits.bin", (route) => route.fulfill({ body: "not gzip" }));
    await page.getByRole("button", { exact: true, name: "Retry" }).click();
    await page.getByText("The digits came, but the file is damaged.").waitFor();
    await page.unroute("**/digits.bin");
    await page.getByRole("button", { exact: true, name: "Retry" }).click();
    await page.getByRole("button", { exact: true, name: "Start", disabled: false }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("says that a worker has died, and starts another", async () => {
    const page = await lab.visit(SMALL);
    const [worker] = page.workers().filter((one) => /assets\/main-/.test(one.url()));
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error("out of luck");
      });
    });
    const dead = page.locator(".standing", { hasText: "out of luck" });
    await dead.waitFor();
    await dead.getByRole("button", { exact: true, name: "Restart" }).click();
    await expect.poll(() => page.locator(".standing", { hasText: "ready" }).count()).toBe(2);
    await trainTo(page, 20);
  });

  it("says that WebAssembly SIMD is missing", async () => {
    const page = await lab.page();
    await page.context().route(/assets\/main-.*\.js/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `WebAssembly.validate = () => false;\n${await response.text()}` });
    });
    await page.goto(lab.address + SMALL);
    await page.getByText("This browser has no WebAssembly with SIMD").first().waitFor();
    expect(await page.getByRole("button", { exact: true, name: "Restart" }).count()).toBe(0);
  });

  it("says that workers are missing", async () => {
    const page = await lab.page();
    await page.addInitScript(() => {
      Reflect.deleteProperty(window, "Worker");
    });
    await page.goto(lab.address + SMALL);
    await page.getByText("This browser starts no workers").first().waitFor();
  });
});

describeInChromium("the page without cross-origin isolation", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open({ isolated: false });
  });
  afterAll(() => lab.close());

  it("trains on one thread", async () => {
    const page = await lab.page();
    await page.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 4 }));
    await lab.visit("#preset=fast", page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await trainTo(page, 100);
    expect(page.workers()).toHaveLength(2);
    expect(lastAccuracies(await saved(page))[0]).toBeGreaterThan(0.5);
  });
});
