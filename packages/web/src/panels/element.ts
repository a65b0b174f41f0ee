type Attributes = Readonly<Record<string, string | number | boolean>>;

/** An HTML element with attributes and children; an attribute that is false is left out, true is there without a value. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const result = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) result.setAttribute(key, value === true ? "" : String(value));
  }
  result.append(...children);
  return result;
}

/** A button that does something. */
export function button(label: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const result = element("button", { type: "button", ...attributes }, label);
  result.addEventListener("click", press);
  return result;
}

/** The element that the page has under this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`expected the page to have an element “${id}”; it has none`);
  return found;
}

/** Changes an element's text only where it differs, so that nothing is laid out for nothing. */
export function say(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
