import { expect, test } from "vitest";
import { html } from "#dist/report/html.js";

test("values are escaped, but not what is markup already", () => {
  expect(html`<p class="${'"><script>'}">${["<", html`<b>ok</b>`, null]}</p>`.text).toBe(
    '<p class="&quot;&gt;&lt;script&gt;">&lt;<b>ok</b></p>',
  );
});
