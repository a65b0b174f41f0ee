/** The colours of a chart; each is any CSS colour. */
export interface Theme {
  readonly background: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  /** the network with batch normalization, in every figure */
  readonly withBatchNorm: string;
  /** the network without it, in every figure */
  readonly withoutBatchNorm: string;
  /** further networks, where there are more than these two */
  readonly green: string;
  readonly pink: string;
}

/** After Okabe and Ito's palette, whose colours people with any colour vision can tell apart. */
export const FILE_THEME: Theme = {
  background: "#ffffff",
  ink: "#1f2328",
  muted: "#59636e",
  grid: "#e4e7ea",
  withBatchNorm: "#0072b2",
  withoutBatchNorm: "#d55e00",
  green: "#00805c",
  pink: "#b5508a",
};

/** Leaves the colours to the page that the chart stands in, which has a light and a dark set of them. */
export const PAGE_THEME: Theme = {
  background: "var(--background)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--grid)",
  withBatchNorm: "var(--with)",
  withoutBatchNorm: "var(--without)",
  green: "var(--green)",
  pink: "var(--pink)",
};

/** The dark counterparts of the file theme, for the page. */
export const DARK_THEME: Theme = {
  background: "#14171b",
  ink: "#e6e8eb",
  muted: "#9aa4ae",
  grid: "#2d333a",
  withBatchNorm: "#56b4e9",
  withoutBatchNorm: "#f0883e",
  green: "#2fc49a",
  pink: "#e08fc0",
};

export const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
