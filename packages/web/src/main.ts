/** The page: puts its panels in place and passes on what the person does. */
import { onSchemeChange } from "./charts/colours.ts";
import { type PackedDigits, parseDigits } from "./data/digits.ts";
import { fetchDigits } from "./data/fetch.ts";
import { bandsPanel } from "./panels/bands.ts";
import { controlsPanel } from "./panels/controls.ts";
import { drawPanel } from "./panels/draw.ts";
import { byId } from "./panels/element.ts";
import { footPanel } from "./panels/foot.ts";
import { glassPanel } from "./panels/glass.ts";
import { noticesPanel } from "./panels/notices.ts";
import { measured, type Panel, type View } from "./panels/panel.ts";
import { presetsPanel } from "./panels/presets.ts";
import { racePanel } from "./panels/race.ts";
import { saveBitmap, saveDrawing, saveNumbers } from "./panels/save.ts";
import { shareAddress } from "./panels/share.ts";
import { spokenPanel } from "./panels/spoken.ts";
import { stripsPanel } from "./panels/strips.ts";
import { transportPanel } from "./panels/transport.ts";
import { type Asked, formatAddress, parseAddress } from "./state/address.ts";
import type { Experiment } from "./state/experiment.ts";
import { PRESETS, type Preset } from "./state/presets.ts";
import { Race } from "./worker/race.ts";

/** Milliseconds that a word of thanks stays. */
const WHILE = 5_000;

let { experiment, preset, notes }: Asked = parseAddress(location.hash);
let digits: PackedDigits | null = null;
let race: Race | null = null;
let drawn = true;

const notices = noticesPanel(byId("notices"));
const glass = glassPanel(byId("glass"));
const panels: readonly Panel[] = [
  presetsPanel(byId("presets"), choose),
  transportPanel(byId("transport"), {
    start: () => race?.start(),
    pause: () => race?.pause(),
    step: () => race?.step(),
    reset: () => race?.reset(),
    share: () => void share(),
  }),
  controlsPanel(byId("controls"), (change) => turn({ ...experiment, ...change }, null)),
  racePanel(byId("race"), () => race?.restart()),
  measured(bandsPanel(byId("bands"))),
  measured(stripsPanel(byId("strips"))),
  drawPanel(
    byId("draw"),
    () => digits,
    (pixels) => race?.show(pixels),
  ),
  spokenPanel(byId("spoken")),
];
footPanel(byId("foot"), {
  numbers: () => saveNumbers(view()),
  bitmap: () => void saveBitmap(view()),
  drawing: () => saveDrawing(view()),
});

function view(): View {
  return { experiment, preset, contestants: race?.contestants ?? null };
}

function draw(): void {
  drawn = true;
  const now = view();
  for (const panel of panels) panel.draw(now);
}

/** Draws with the screen's next picture, however often something changes until then. */
function changed(): void {
  if (!drawn) return;
  drawn = false;
  requestAnimationFrame(draw);
}

/** Another experiment, and the address that gives it. */
function turn(to: Experiment, by: Preset | null): void {
  experiment = to;
  preset = by ?? presetOf(to);
  history.replaceState(null, "", formatAddress(experiment, preset));
  race?.set(experiment);
  tell([]);
  changed();
}

/** A preset that stands for this experiment; the one chosen now, where several do. */
function presetOf(to: Experiment): Preset | null {
  const address = formatAddress(to, null);
  return PRESETS.find((one) => one.place === "race" && formatAddress(one.experiment, null) === address) ?? null;
}

function choose(chosen: Preset): void {
  turn(chosen.experiment, chosen);
  tellStory();
}

/** Where a preset's story is not told by the race, the page goes to where it is. */
function tellStory(): void {
  if (preset?.place !== "glass") return;
  byId("glass-panel").scrollIntoView({ block: "start" });
  byId("glass-panel").focus({ preventScroll: true });
  glass.drift();
}

function tell(words: readonly string[]): void {
  notices.say("address", words.length ? words.join(" ") : null);
}

async function share(): Promise<void> {
  history.replaceState(null, "", formatAddress(experiment, preset));
  notices.say("share", await shareAddress());
  setTimeout(() => notices.say("share", null), WHILE);
}

async function load(): Promise<void> {
  notices.say("digits", null);
  notices.loading(0);
  try {
    digits = parseDigits(await fetchDigits(new URL("digits.bin", document.baseURI), notices.loading));
    race = new Race(digits, experiment, changed);
  } catch (error) {
    notices.say("digits", (error as Error).message, { label: "Retry", press: () => void load() });
  }
  notices.loading(null);
  changed();
}

addEventListener("hashchange", () => {
  ({ experiment, preset, notes } = parseAddress(location.hash));
  race?.set(experiment);
  tell(notes);
  tellStory();
  changed();
});
// Where there is room for them, settings are seen from the start.
byId("settings").toggleAttribute("open", matchMedia("(min-width: 1080px)").matches);
onSchemeChange(changed);
tell(notes);
draw();
document.body.classList.remove("waiting");
tellStory();
void load();
