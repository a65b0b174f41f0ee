import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { type Accuracies, SHIFTS } from "#dist/experiments/shift/estimates.js";
import { figures } from "#dist/experiments/shift/figures.js";
import { page, summary } from "#dist/experiments/shift/page.js";
import type { ShiftNetwork, ShiftResults } from "#dist/experiments/shift/results.js";
import { amountText, sharedRange } from "#dist/experiments/shift/texts.js";
import { recordedOn } from "../../support/recorded.ts";

const FEW = {
  fewClasses: 0.33,
  samples: [
    { images: 4, layers: 0.52, prior: 0.61 },
    { images: 100, layers: 0.8, prior: 0.7 },
  ],
};

/** Every shift costs as much as its place, and new statistics give 80%, but for the first: there it falls. */
function accuracies(place: number): Accuracies {
  return { before: 0.7 - place / 100, layers: place === 0 ? 0.6 : 0.8, onePass: 0.75, prior: 0.72 };
}

function network(name: ShiftNetwork["network"], data: string): ShiftNetwork {
  return {
    network: name,
    data: { name: data, testImages: 200 },
    trainImages: 600,
    steps: 12,
    batchSize: 60,
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
    statisticsImages: 100,
    measuredImages: 100,
    fewClassesImages: 30,
    clean: { before: 0.91, layers: 0.9, onePass: 0.9, prior: 0.9, ...FEW },
    shifts: SHIFTS.map(({ shift, closer }, place) => ({ shift, ...accuracies(place), ...(closer && FEW) })),
    seconds: 1,
  };
}

const results: ShiftResults = {
  ...recordedOn("shift", "MNIST"),
  prior: 0.5,
  classes: [0, 1, 2],
  networks: [network("mnist", "MNIST"), network("resnet8", "CIFAR-10")],
};

const PINK = "#b5508a";
/** Elements of a figure by a selector. */
function select(svg: string, selector: string) {
  return [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll(selector)];
}

describe("figures", () => {
  const [shifts, samples] = figures(results);

  test("have a row for each shift, in another colour where accuracy fell", () => {
    expect([shifts.name, samples.name]).toEqual(["shift", "shift-samples"]);
    // Two dots a row, in two networks.
    expect(select(shifts.svg, "circle")).toHaveLength(2 * 2 * 12);
    expect(select(shifts.svg, `circle[fill="${PINK}"]`)).toHaveLength(2);
    const texts = select(shifts.svg, "text").map(({ textContent }) => textContent);
    for (const text of ["MNIST, the paper’s network", "contrast", "× 0.5", "σ 2 px", "unshifted 91%"]) {
      expect(texts).toContain(text);
    }
  });

  test("show accuracy against the number of images without a shift, and for each at one severity", () => {
    expect(select(samples.svg, "svg svg")).toHaveLength(2 * 5);
    // A circle for each of two numbers of images.
    expect(select(samples.svg, "circle")).toHaveLength(2 * 5 * 2);
    expect(samples.svg).toContain("brightness +80");
    expect(samples.svg).not.toContain("brightness +40");
  });

  test("are drawn for MNIST alone as well", () => {
    const alone = figures({ ...results, networks: results.networks.slice(0, 1) });
    expect(alone.map(({ svg }) => svg.includes("CIFAR-10"))).toEqual([false, false]);
    expect(select(alone[0].svg, "circle")).toHaveLength(2 * 12);
  });
});

test("the range of several charts has room for all of them, in tens", () => {
  const whole: Accuracies = { before: 0.87, layers: 0.8, onePass: 0, prior: 0.7, ...FEW };
  expect(sharedRange([whole, { ...whole, before: 0.39 }])).toEqual([30, 90]);
});

test("amounts are said with their signs and units", () => {
  expect(SHIFTS.filter(({ closer }) => closer).map(({ shift }) => amountText(shift))).toEqual([
    "× 0.3",
    "+80",
    "σ 50",
    "σ 1.2 px",
  ]);
});

test("the page says what happened, on average and without a shift", () => {
  const text = page(results);
  const mean = (0.7 - 5.5 / 100) * 100;
  expect(text).toContain(
    `On MNIST test accuracy was 91.0% without a shift, and ${mean.toFixed(1)}% on average over 12 shifts. With statistics from 100 shifted images, which need no labels, it was 78.3%: higher for 11 of the shifts. Without a shift the new statistics gave 90.0%.`,
  );
  expect(text).toContain("On CIFAR-10 test accuracy was");
  expect(text).toContain("the classes 0, 1 and 2");
  expect(text).not.toContain("left out");
  expect(page({ ...results, networks: results.networks.slice(0, 1) })).toContain("CIFAR-10 was left out");
  for (const hole of ["undefined", "NaN", "[object"]) expect(text).not.toContain(hole);
});

test("the summary has a line for each shift", () => {
  const lines = summary(results);
  expect(lines).toContain("    no shift          91.0% to  90.0%");
  expect(lines.filter((line) => / to /.test(line) && line.startsWith("    "))).toHaveLength(2 * 13);
});
