import { ACTIVATIONS, type Experiment, LIMITS, type Limits, MOST_LAYERS, STATISTICS } from "./experiment.ts";
import { FIRST, PRESETS, type Preset } from "./presets.ts";

/** What an address asks for, and a sentence for each thing in it that could not be had. */
export interface Asked {
  readonly experiment: Experiment;
  readonly preset: Preset | null;
  readonly notes: readonly string[];
}

/** The settings' names in the address. */
const NUMBERS = {
  lr: "learningRate",
  sigma: "sigma",
  batch: "batchSize",
  width: "width",
  seed: "seed",
} as const satisfies Record<string, keyof typeof LIMITS>;

const isNumber = (key: string): key is keyof typeof NUMBERS => Object.hasOwn(NUMBERS, key);

/** "#lr=0.3&sigma=0.1&batch=60&activation=sigmoid&width=100&norm=11111&statistics=running&seed=1&preset=stuck" */
export function formatAddress(experiment: Experiment, preset: Preset | null): string {
  const { activation, norms, statistics } = experiment;
  const fields = [
    ["lr", experiment.learningRate],
    ["sigma", experiment.sigma],
    ["batch", experiment.batchSize],
    ["activation", activation],
    ["width", experiment.width],
    ["norm", norms.map((norm) => (norm ? "1" : "0")).join("")],
    ["statistics", statistics],
    ["seed", experiment.seed],
    ...(preset ? [["preset", preset.name]] : []),
  ];
  return `#${fields.map(([key, value]) => `${key}=${value}`).join("&")}`;
}

/**
 * What an address asks for. Settings it leaves out are those of its preset, or of the first one.
 *
 * @param hash  the part of the address from # on; empty gives the first preset
 */
export function parseAddress(hash: string): Asked {
  const fields = new Map(new URLSearchParams(hash.replace(/^#/, "")));
  const notes: string[] = [];
  const name = fields.get("preset");
  const named = PRESETS.find((preset) => preset.name === name);
  if (name !== undefined && !named) notes.push(`There is no preset “${name}”; it was left out.`);
  const base = named ?? FIRST;
  let experiment = base.experiment;
  for (const [key, value] of fields) {
    if (key === "preset") continue;
    const { change, note } = read(key, value);
    if (change) experiment = { ...experiment, ...change };
    if (note) notes.push(note);
  }
  return { experiment, preset: isSame(experiment, base.experiment) ? base : null, notes };
}

function isSame(a: Experiment, b: Experiment): boolean {
  return formatAddress(a, null) === formatAddress(b, null);
}

interface Reading {
  change?: Partial<Experiment>;
  note?: string;
}

function read(key: string, text: string): Reading {
  if (isNumber(key)) return readNumber(key, text);
  if (key === "activation") return readChoice("activation", ACTIVATIONS, text);
  if (key === "statistics") return readChoice("statistics", STATISTICS, text);
  if (key === "norm") return readNorms(text);
  return { note: `“${key}” is no setting of this page; it was left out.` };
}

function readNumber(key: keyof typeof NUMBERS, text: string): Reading {
  const { least, most, whole }: Limits = LIMITS[NUMBERS[key]];
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return { note: `${key} has to be a number from ${least} to ${most}, not “${text}”.` };
  const allowed = Math.min(Math.max(whole ? Math.round(value) : value, least), most);
  const change = { [NUMBERS[key]]: allowed };
  return allowed === value
    ? { change }
    : { change, note: `${key} was set to ${allowed}: ${text} is outside its range.` };
}

function readChoice(key: "activation" | "statistics", choices: readonly string[], text: string): Reading {
  if (choices.includes(text)) return { change: { [key]: text } };
  return { note: `${key} has to be one of ${choices.join(", ")}, not “${text}”.` };
}

function readNorms(text: string): Reading {
  if (/^[01]+$/.test(text) && text.length <= MOST_LAYERS) return { change: { norms: [...text].map((c) => c === "1") } };
  return { note: `norm has to be a 0 or a 1 for each of 1 to ${MOST_LAYERS} hidden layers, not “${text}”.` };
}
