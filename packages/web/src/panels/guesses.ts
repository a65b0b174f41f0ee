import { CLASSES } from "../data/digits.ts";
import { type ContestantName, TITLES } from "../state/contestants.ts";
import { percent } from "../words.ts";
import { element, say } from "./element.ts";
import { key } from "./legend.ts";

/** How likely a network finds each of the ten digits. */
export function guesses(name: ContestantName) {
  const best = element("output", { class: "best", "aria-label": `${TITLES[name]}: the likeliest digit` }, "–");
  const rows = Array.from({ length: CLASSES }, (_, digit) => row(digit));
  const list = element("ol", { class: `guesses ${name}` }, ...rows.map((one) => one.element));
  return {
    element: element("figure", { class: "guess" }, element("figcaption", {}, key(name), best), list),
    draw(probabilities: Float32Array | null) {
      const likeliest = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
      say(best, likeliest >= 0 ? String(likeliest) : "–");
      for (const [digit, one] of rows.entries()) one.draw(probabilities?.[digit], digit === likeliest);
    },
  };
}

function row(digit: number) {
  const bar = element("span", { class: "bar" });
  const number = element("span", { class: "number" });
  const item = element(
    "li",
    {},
    element("span", { class: "digit" }, String(digit)),
    element("span", { class: "rail", "aria-hidden": "true" }, bar),
    number,
  );
  return {
    element: item,
    draw(probability: number | undefined, likeliest: boolean) {
      bar.style.transform = `scaleX(${(probability ?? 0).toFixed(3)})`;
      say(number, probability === undefined ? "" : percent(probability));
      item.classList.toggle("likeliest", likeliest);
    },
  };
}
