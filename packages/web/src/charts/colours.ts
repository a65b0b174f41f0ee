/** The colours of the style sheet, by the names they have there; they change with the scheme of light and dark. */
export type Colour = "ink" | "muted" | "grid" | "background" | "with" | "without" | "with-band" | "without-band";

const known = new Map<Colour, string>();

export function colour(name: Colour): string {
  let value = known.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    known.set(name, value);
  }
  return value;
}

/** Calls back after the scheme has changed. */
export function onSchemeChange(callback: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known.clear();
    callback();
  });
}
