import { Pad } from "../charts/pad.ts";
import { centred } from "../data/centre.ts";
import { type PackedDigits, SIDE, unpackImages } from "../data/digits.ts";
import { CONTESTANTS } from "../state/contestants.ts";
import { button, element, say } from "./element.ts";
import { guesses } from "./guesses.ts";
import type { Panel } from "./panel.ts";

/** A field to draw in, and what both networks see in it. */
export function drawPanel(
  host: HTMLElement,
  digits: () => PackedDigits | null,
  show: (pixels: Uint8Array | null) => void,
): Panel {
  const pad = new Pad(SIDE, (pixels) => {
    say(source, "Your digit");
    show(pixels.some((pixel) => pixel > 0) ? centred(pixels) : null);
  });
  const source = element("p", { class: "source" }, "Draw here");
  let next = 0;
  const clear = button("Clear", () => {
    pad.clear();
    say(source, "Draw here");
    show(null);
  });
  const another = button("A test digit", () => {
    const known = digits();
    if (!known) return;
    const index = known.trainingCount + (next++ % known.testCount);
    const pixels = unpackImages(known, index, index + 1);
    pad.set(pixels);
    say(source, `Test digit ${next}, a ${known.labels[index]}`);
    show(pixels);
  });
  const lists = CONTESTANTS.map((name) => ({ name, ...guesses(name) }));
  host.append(
    element("div", { class: "pad" }, pad.element, source, element("div", { class: "buttons" }, clear, another)),
    ...lists.map((list) => list.element),
  );
  return {
    draw({ contestants }) {
      another.disabled = contestants === null;
      for (const { name, draw } of lists) draw(contestants?.[name].probabilities ?? null);
    },
  };
}
