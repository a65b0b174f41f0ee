import { colour } from "../charts/colours.ts";
import { MEASURES } from "../charts/measures.ts";
import { PICTURE_HEIGHT, PICTURE_WIDTH, picture } from "../charts/picture.ts";
import { lastStep } from "../charts/scales.ts";
import { CONTESTANTS, TITLES } from "../state/contestants.ts";
import type { Experiment } from "../state/experiment.ts";
import { setting } from "../words.ts";
import { element } from "./element.ts";
import type { View } from "./panel.ts";

/** Dots of a saved bitmap for each pixel of the page. */
const DENSITY = 2;

/** Everything that was measured, with what made it. */
export function saveNumbers({ experiment, preset, contestants }: View): void {
  const networks = CONTESTANTS.map((name) => {
    const { step, activity, points } = contestants?.[name] ?? { step: 0, activity: "paused", points: [] };
    return [name, { steps: step, diverged: activity === "diverged", points }];
  });
  const record = {
    address: location.href,
    preset: preset?.name ?? null,
    experiment,
    networks: Object.fromEntries(networks),
  };
  save("batch-norm-lab.json", new Blob([`${JSON.stringify(record, null, 2)}\n`], { type: "application/json" }));
}

export function saveDrawing(view: View): void {
  save("batch-norm-lab.svg", new Blob([drawing(view)], { type: "image/svg+xml" }));
}

/** The same as dots, by way of an image that the browser draws. */
export async function saveBitmap(view: View): Promise<void> {
  const address = URL.createObjectURL(new Blob([drawing(view)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = element("canvas", { width: DENSITY * PICTURE_WIDTH, height: DENSITY * PICTURE_HEIGHT });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob) save("batch-norm-lab.png", blob);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function drawing({ experiment, contestants }: View): string {
  const points = CONTESTANTS.map((name) => contestants?.[name].points ?? []);
  const charts = MEASURES.map(({ of, ...chart }) => ({
    ...chart,
    lines: CONTESTANTS.map((name, i) => ({
      colour: colour(name),
      broken: contestants?.[name].activity === "diverged",
      points: points[i].flatMap((point) => {
        const value = of(point);
        return value === null ? [] : [[point.step, value] as const];
      }),
    })),
  }));
  const theme = { ink: colour("ink"), muted: colour("muted"), grid: colour("grid"), background: colour("background") };
  const legend = CONTESTANTS.map((name) => ({ name: TITLES[name], colour: colour(name) }));
  const last = Math.max(0, ...points.map((list) => list[list.length - 1]?.step ?? 0));
  return picture(charts, legend, captionOf(experiment), lastStep(last), theme);
}

function captionOf({ learningRate, sigma, batchSize, activation, width, norms, seed }: Experiment): string {
  const layers = `${norms.length} × ${width} ${activation}`;
  return `MNIST, ${layers}, learning rate ${setting(learningRate)}, σ ${setting(sigma)}, batch size ${batchSize}, seed ${seed}`;
}

function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
