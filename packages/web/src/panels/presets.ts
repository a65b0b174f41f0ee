import { PRESETS, type Preset } from "../state/presets.ts";
import { element } from "./element.ts";
import type { Panel } from "./panel.ts";

/** The five stories, each a button. */
export function presetsPanel(host: HTMLElement, choose: (preset: Preset) => void): Panel {
  const buttons = PRESETS.map((preset) => {
    const result = element(
      "button",
      { type: "button", "aria-pressed": "false" },
      element("strong", {}, preset.title),
      element("span", {}, preset.words),
    );
    result.addEventListener("click", () => choose(preset));
    return result;
  });
  host.append(...buttons);
  return {
    draw({ preset }) {
      for (const [i, { name }] of PRESETS.entries()) {
        buttons[i].setAttribute("aria-pressed", String(name === preset?.name));
      }
    },
  };
}
