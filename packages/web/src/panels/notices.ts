import { button, element } from "./element.ts";

export interface Notices {
  /** Says something until it is said otherwise; null takes it away. One sentence a topic. */
  say(topic: string, words: string | null, action?: { readonly label: string; readonly press: () => void }): void;
  /** How much of the digits has come, 0 to 1; null when they have. */
  loading(share: number | null): void;
}

/** What the page has to tell that belongs to none of its panels. */
export function noticesPanel(host: HTMLElement): Notices {
  const lines = new Map<string, HTMLElement>();
  const bar = element("progress", { max: 1, value: 0, "aria-label": "Fetching the digits" });
  const loading = element("p", { class: "loading", hidden: true }, "Fetching 24,000 digits", bar);
  host.append(loading);
  return {
    say(topic, words, action) {
      lines.get(topic)?.remove();
      lines.delete(topic);
      if (words === null) return;
      const line = element("p", { class: "notice", role: "alert" }, element("span", {}, words));
      if (action) line.append(button(action.label, action.press));
      lines.set(topic, line);
      host.append(line);
    },
    loading(share) {
      loading.hidden = share === null;
      bar.value = share ?? 1;
    },
  };
}
