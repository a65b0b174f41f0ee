/** What people come for: two networks that train in the page. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeInChromium, first, Lab, lastAccuracies, saved, savedAs, trainTo } from "./support/lab.ts";

/** Quick to train: few units, a batch norm on each of two layers. */
const SMALL = "#lr=0.3&sigma=0.1&batch=20&activation=tanh&width=10&norm=11&seed=7";

describeInChromium("training in the page", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  it("names over 90% of the test digits, and shows divergence as a result", async () => {
    const page = await lab.visit("#preset=fast");
    await trainTo(page, 400);
    const results = await saved(page);
    expect(lastAccuracies(results)[0]).toBeGreaterThan(0.9);
    expect(results.networks.without.diverged).toBe(true);
    const standing = await page.locator("#standing-without").textContent();
    expect(standing).toMatch(new RegExp(`diverged at step ${results.networks.without.steps}: loss overflowed`));
    // Of each chart, a dot where the one curve ends.
    expect((await savedAs(page, "SVG")).toString().match(/<circle/g)).toHaveLength(2);
    // The page stays usable: another setting, and it trains again.
    await page.getByRole("button", { name: /A bad start/ }).click();
    await page.locator("#standing-without", { hasText: "ready" }).waitFor();
    await trainTo(page, 20);
    expect((await saved(page)).networks.without.diverged).toBe(false);
  });

  it.each([
    ["The sigmoid gets stuck", "stuck", 200],
    ["A bad start, rescued", "start", 300],
  ])("%s: with batch norm it learns, without it does not", async (title, preset, steps) => {
    const page = await lab.visit("#preset=two");
    await page.getByRole("button", { name: new RegExp(title) }).click();
    await page.locator("#standing-with", { hasText: "ready" }).waitFor();
    await trainTo(page, steps);
    const results = await saved(page);
    const [withNorm, without] = lastAccuracies(results);
    expect(results.preset).toBe(preset);
    expect(withNorm).toBeGreaterThan(0.6);
    expect(without).toBeLessThan(0.25);
  });

  it("A batch of two: without batch norm it learns more", async () => {
    const page = await lab.visit("#preset=two");
    await trainTo(page, 1200);
    const [withNorm, without] = lastAccuracies(await saved(page));
    expect(without).toBeGreaterThan(withNorm + 0.1);
  });

  it("Bias drift: the bias runs off, the loss stays", async () => {
    const page = await lab.visit("");
    await page.getByRole("button", { name: /Bias drift/ }).click();
    const story = page.locator(".story");
    await page.locator(".story", { hasText: "After 40 steps" }).waitFor();
    const [, bias, loss] = /b = (\S+), loss (\S+)\./.exec((await story.textContent()) ?? "") ?? [];
    expect(Number(bias)).toBeGreaterThan(2);
    await page.getByRole("button", { exact: true, name: "Start again" }).click();
    expect(await story.textContent()).toContain(`b = 0.00, loss ${loss}.`);
    await page.getByRole("button", { exact: true, name: "40 steps" }).click();
    await page.locator(".story", { hasText: "After 40 steps" }).waitFor();
    expect(await story.textContent()).toContain(`b = 0.00, loss ${loss}.`);
  });

  it("gives the same curves for the same address, paused on the way or not, on one thread or more", async () => {
    const page = await lab.visit(SMALL);
    await trainTo(page, 200);
    const results = await saved(page);
    const curves = first(results, 200);
    expect(curves[0]).toHaveLength(21);
    expect(curves[0]).not.toEqual(curves[1]);

    const other = await lab.page();
    await other.addInitScript(() => Object.defineProperty(navigator, "hardwareConcurrency", { value: 4 }));
    await lab.visit(new URL(results.address).hash, other);
    await trainTo(other, 50);
    await trainTo(other, 200);
    expect(first(await saved(other), 200)).toEqual(curves);
    // Each network has its worker, and that a second thread.
    expect(other.workers()).toHaveLength(4);

    const another = await lab.visit(SMALL.replace("seed=7", "seed=8"));
    await trainTo(another, 200);
    expect(first(await saved(another), 200)).not.toEqual(curves);
  });

  it("takes one step at a time, and begins again", async () => {
    const page = await lab.visit(SMALL);
    for (const step of [1, 2]) {
      await page.getByRole("button", { exact: true, name: "Step" }).click();
      await page.locator("#standing-with", { hasText: `paused at step ${step}` }).waitFor();
    }
    await page.getByRole("button", { exact: true, name: "Reset" }).click();
    await page.locator("#standing-with", { hasText: "ready" }).waitFor();
    expect((await saved(page)).networks.with).toMatchObject({ steps: 0, diverged: false });
  });

  it("measures by each batch's own statistics when asked to", async () => {
    const page = await lab.visit("#preset=stuck");
    await trainTo(page, 20);
    const numbers = page.locator(".layers.with .numbers").first();
    const before = await numbers.textContent();
    await page.getByText("each batch").click();
    await expect.poll(() => numbers.textContent()).not.toBe(before);
    expect((await saved(page)).networks.with.steps).toBeGreaterThanOrEqual(20);
  });

  it("says what both networks see in a digit", async () => {
    const page = await lab.visit("#preset=fast");
    await trainTo(page, 300);
    await page.getByRole("button", { exact: true, name: "A test digit" }).click();
    await page.locator(".guesses.with .likeliest", { hasText: "7" }).waitFor();
    expect(await page.locator(".source").textContent()).toBe("Test digit 1, a 7");
    // A stroke down the middle is a 1.
    const box = await page.locator("canvas[role=img]").boundingBox();
    if (!box) throw new Error("expected a field to draw in; it is not to be seen");
    const at = (share: number) =>
      [box.x + box.width * (0.4 + 0.1 * share), box.y + box.height * (0.9 - 0.8 * share)] as const;
    await page.mouse.move(...at(0));
    await page.mouse.down();
    await page.mouse.move(...at(1), { steps: 8 });
    await page.mouse.up();
    await page.locator(".guesses.with .likeliest .digit", { hasText: "1" }).waitFor();
    expect(await page.locator(".source").textContent()).toBe("Your digit");
  });
});
