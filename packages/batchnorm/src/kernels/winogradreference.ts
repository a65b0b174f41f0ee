/**
 * Winograd's F(4×4, 3×3) as matrices, in float64: part of the reference.
 *
 * @see Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks"
 */
import type { Limits } from "./contract.ts";
import { type Named, type Reference, share } from "./named.ts";

type Matrix = number[][];

/** Of the input, of the weights, of the output. */
const B: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const G: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const A: Matrix = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

const transpose = (m: Matrix): Matrix => m[0].map((_, j) => m.map((row) => row[j]));
const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
/** M·X·Mᵀ */
const sandwich = (m: Matrix, x: Matrix): Matrix => multiply(multiply(m, x), transpose(m));
const square = (size: number, at: (i: number, j: number) => number): Matrix =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => at(i, j)));

interface Tile {
  image: number;
  top: number;
  left: number;
}

/** The 4×4 pieces of the output that a task's segments hold; some of a row's last segment may lie beyond its end. */
function tilesOf(args: Pick<Named<"winograd">, "n" | "oh" | "ow" | "segmentTiles" | "segmentsPerTask">, task: number) {
  const { n, oh, ow, segmentTiles, segmentsPerTask } = args;
  const perRow = Math.ceil(Math.ceil(ow / 4) / segmentTiles);
  const rows = Math.ceil(oh / 4);
  const [first, end] = share(task, segmentsPerTask, n * rows * perRow);
  const tiles: Tile[] = [];
  for (let s = first; s < end; s++) {
    const row = Math.floor(s / perRow);
    for (let t = 0; t < segmentTiles; t++) {
      const left = ((s % perRow) * segmentTiles + t) * 4;
      if (left < ow) tiles.push({ image: Math.floor(row / rows), top: (row % rows) * 4, left });
    }
  }
  return tiles;
}

/** Bᵀ·d·B of one channel of the input under a tile. */
function inputTile({ x, h, w, ci, padTop, padLeft }: InputOf, { image, top, left }: Tile, c: number): Matrix {
  const piece = square(6, (i, j) => {
    const [y, z] = [top - padTop + i, left - padLeft + j];
    return y >= 0 && y < h && z >= 0 && z < w ? x[((image * h + y) * w + z) * ci + c] : 0;
  });
  return sandwich(B, piece);
}
type InputOf = Pick<Named<"winograd">, "x" | "h" | "w" | "ci" | "padTop" | "padLeft">;

type WinogradKernel = "winogradWeights" | "winograd" | "winogradGradWeight";

export const winogradReference = ({ panel, winogradGap }: Limits): Pick<Reference, WinogradKernel> => ({
  winogradWeights({ weight, panels, co, ci, turn }, task) {
    const [deep, across] = turn ? [co, ci] : [ci, co];
    for (let a = 4 * task; a < 4 * task + 4; a++) {
      for (let d = 0; d < deep; d++) {
        const kernel = (turn ? d * ci + a : a * ci + d) * 9;
        const u = sandwich(
          G,
          square(3, (i, j) => weight[kernel + (turn ? 8 - (3 * i + j) : 3 * i + j)]),
        );
        for (let q = 0; q < 36; q++) {
          const at = q * (deep * across + winogradGap) + (Math.floor(a / panel) * deep + d) * panel + (a % panel);
          panels[at] = u[Math.floor(q / 6)][q % 6];
        }
      }
    }
  },
  winograd(args, task) {
    const { weight, y, bias, ci, co, oh, ow, floor } = args;
    for (const tile of tilesOf(args, task)) {
      const inputs = Array.from({ length: ci }, (_, c) => inputTile(args, tile, c));
      for (let o = 0; o < co; o++) {
        const column = Math.floor(o / panel) * ci * panel + (o % panel);
        const product = square(6, (i, j) => {
          const plane = (6 * i + j) * (ci * co + winogradGap) + column;
          return inputs.reduce((sum, input, c) => sum + input[i][j] * weight[plane + c * panel], 0);
        });
        const piece = sandwich(A, product);
        for (let i = 0; i < 4; i++) {
          for (let j = 0; j < 4; j++) {
            const [row, column] = [tile.top + i, tile.left + j];
            const at = ((tile.image * oh + row) * ow + column) * co + o;
            if (row < oh && column < ow) y[at] = Math.max(piece[i][j] + (bias[o] ?? 0), floor);
          }
        }
      }
    }
  },
  winogradGradWeight(args, task) {
    const { dy, sums, ci, co, oh, ow } = args;
    const tiles = tilesOf(args, task);
    const spread = transpose(A);
    const gather = transpose(G);
    const inputs = tiles.map((tile) => Array.from({ length: ci }, (_, c) => inputTile(args, tile, c)));
    const outputs = tiles.map(({ image, top, left }) =>
      Array.from({ length: co }, (_, o) => {
        const inside = (i: number, j: number) => top + i < oh && left + j < ow;
        const at = (i: number, j: number) => dy[((image * oh + top + i) * ow + left + j) * co + o];
        return sandwich(
          spread,
          square(4, (i, j) => (inside(i, j) ? at(i, j) : 0)),
        );
      }),
    );
    for (let c = 0; c < ci; c++) {
      for (let o = 0; o < co; o++) {
        const product = square(6, (i, j) => inputs.reduce((sum, v, t) => sum + v[c][i][j] * outputs[t][o][i][j], 0));
        const grad = sandwich(gather, product);
        for (let k = 0; k < 9; k++) sums[((task * 9 + k) * ci + c) * co + o] = grad[Math.floor(k / 3)][k % 3];
      }
    }
  },
});
