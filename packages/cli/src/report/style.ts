import { DARK_THEME, FILE_THEME, FONT, type Theme } from "./theme.ts";

const variables = (theme: Theme, surface: string) => `
    --ink: ${theme.ink}; --muted: ${theme.muted}; --grid: ${theme.grid};
    --with: ${theme.withBatchNorm}; --without: ${theme.withoutBatchNorm};
    --green: ${theme.green}; --pink: ${theme.pink};
    --background: ${theme.background}; --surface: ${surface};`;

const light = variables(FILE_THEME, "#f6f8fa");
const dark = variables(DARK_THEME, "#1d2127");

/** The style sheet of every report: one column of text, figures side by side where there is room. */
export const STYLE = `
  :root { color-scheme: light dark; ${light} }
  @media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--background); color: var(--ink); font: 16px/1.55 ${FONT}; }
  main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 64px; }
  h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; margin: 0 0 16px; text-wrap: balance; }
  h2 { font-size: 20px; line-height: 1.3; margin: 48px 0 8px; }
  h3 { font-size: 16px; line-height: 1.4; margin: 0; }
  p, ul, ol { max-width: 70ch; margin: 0 0 14px; }
  ul, ol { padding-left: 1.3em; }
  code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.88em; }
  pre { background: var(--surface); padding: 12px 16px; border-radius: 6px; overflow-x: auto; margin: 0 0 14px; }
  a { color: inherit; }
  .eyebrow { color: var(--muted); font-size: 14px; margin: 0 0 8px; }
  .lead { font-size: 18px; }
  .note { color: var(--muted); font-size: 14px; margin-bottom: 6px; }
  .preview { border-left: 3px solid var(--without); padding-left: 12px; }
  .columns { display: grid; gap: 32px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); margin: 20px 0; }
  .columns > * { min-width: 0; }
  figure { margin: 14px 0 0; break-inside: avoid; }
  figure svg { display: block; width: 100%; height: auto; }
  figcaption { color: var(--muted); font-size: 14px; margin-top: 6px; max-width: 70ch; }
  .histograms { display: grid; gap: 8px 16px; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); max-width: 1080px; }
  .panels { display: grid; gap: 8px 12px; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); margin: 0 0 24px; }
  .wide svg { max-width: 760px; }
  .with { color: var(--with); font-weight: 600; }
  .without { color: var(--without); font-weight: 600; }
  .scroll { overflow-x: auto; margin: 0 0 20px; }
  table { border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; vertical-align: top; padding: 8px 20px 8px 0; border-bottom: 1px solid var(--grid); }
  thead th { border-bottom: 1px solid var(--muted); font-weight: 600; }
  tbody th { font-weight: 400; color: var(--muted); }
  table.text th, table.text td { min-width: 9em; }
  table.numbers th, table.numbers td { white-space: nowrap; padding-right: 14px; }
  .chosen { font-weight: 700; }
  footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--grid); color: var(--muted); font-size: 14px; }
  @media (max-width: 600px) {
    main { padding: 28px 16px 48px; }
    h1 { font-size: 25px; }
    .lead { font-size: 17px; }
    th, td { padding-right: 14px; }
  }
  @media print {
    body { font-size: 11pt; }
    main { max-width: none; padding: 0; }
    h2, h3, .note { break-after: avoid; }
    table, pre { break-inside: avoid; }
    .columns { grid-template-columns: 1fr 1fr; gap: 20px; }
    .scroll { overflow: visible; }
  }
`;
