import { IMAGE_SIZE, SIDE } from "./digits.ts";

/** The side of the box that a digit fills, as MNIST's authors made theirs. */
const BOX = 20;

/**
 * A drawing as MNIST has them: scaled to fill a box of 20 × 20, its centre of mass in the middle.
 *
 * @param pixels  [784], 0 or 1, at least one of them 1
 * @returns       [784], 0 or 1
 */
export function centred(pixels: Uint8Array): Uint8Array {
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0);
  const columns = inked.map((i) => i % SIDE);
  const rows = inked.map((i) => Math.floor(i / SIDE));
  const middle = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values) + 1;
  const scale = BOX / Math.max(extent(columns), extent(rows));
  const result = new Uint8Array(IMAGE_SIZE);
  const from = (place: number, centre: number) => Math.round((place - (SIDE - 1) / 2) / scale + centre);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const column = from(x, middle(columns));
      const row = from(y, middle(rows));
      const inside = column >= 0 && column < SIDE && row >= 0 && row < SIDE;
      if (inside) result[y * SIDE + x] = pixels[row * SIDE + column];
    }
  }
  return result;
}
