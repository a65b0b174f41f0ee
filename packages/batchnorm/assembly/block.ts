/** The register block that products of matrices are made of: BLOCK_ROWS rows of one panel's columns. */
import { BLOCK_ROWS, PANEL } from "./limits.gen";

/** Bytes of a row of a panel. */
export const PANEL_ROW: usize = <usize>PANEL << 2;
/** Bytes of a block that is computed apart, where its place has less room. */
export const BLOCK_BYTES: usize = <usize>BLOCK_ROWS * PANEL_ROW;

/** How many panels cover so many columns. */
export function panelsOf(columns: i32): i32 {
  return (columns + PANEL - 1) / PANEL;
}
