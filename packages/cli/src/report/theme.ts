/** The colours of a chart; each is any CSS colour. */
export interface Theme {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  /** the network with batch normalization, in every figure */
  readonly withBatchNorm: string;
  /** the network without it, in every figure */
  readonly withoutBatchNorm: string;
}

/** Blue and vermilion of Okabe and Ito's palette, which people with any colour vision can tell apart. */
export const FILE_THEME: Theme = {
  ink: "#1f2328",
  muted: "#59636e",
  grid: "#e4e7ea",
  withBatchNorm: "#0072b2",
  withoutBatchNorm: "#d55e00",
};

/** Leaves the colours to the page that the chart stands in, which has a light and a dark set of them. */
export const PAGE_THEME: Theme = {
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--grid)",
  withBatchNorm: "var(--with)",
  withoutBatchNorm: "var(--without)",
};

/** The dark counterparts of the file theme, for the page. */
export const DARK_THEME: Theme = {
  ink: "#e6e8eb",
  muted: "#9aa4ae",
  grid: "#2d333a",
  withBatchNorm: "#56b4e9",
  withoutBatchNorm: "#f0883e",
};

export const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
