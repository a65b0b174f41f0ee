/**
 * A convolution's weights [groups·co, ci, kh, kw], as PyTorch keeps them, in panels for conv.ts: PANEL output channels
 * side by side, [groups, ⌈co/PANEL⌉, kh, kw, ci, PANEL]. With `turn`, those of a convolution that gives the gradient of the
 * input: channels exchanged and every `step`-th tap, from the last to the first, [groups, ⌈ci/PANEL⌉, taps, co, PANEL]. A task
 * makes one panel.
 */
import { PANEL_ROW, panelsOf } from "./block";
import { PANEL } from "./limits.gen";
import { PackConv } from "./structs.gen";

export function packConv(args: PackConv, task: i32): void {
  const turn = args.turn != 0;
  const taps = args.kh * args.kw;
  const down = (args.kh - args.tapTop + args.tapStep - 1) / args.tapStep;
  const along = (args.kw - args.tapLeft + args.tapStep - 1) / args.tapStep;
  const across = turn ? args.ci : args.co;
  const deep = turn ? args.co : args.ci;
  const perGroup = panelsOf(across);
  const group = task / perGroup;
  const first = (task % perGroup) * PANEL;
  // How far apart, in bytes, are neighbours across and deep.
  const acrossStep = <usize>(turn ? taps : args.ci * taps) << 2;
  const deepStep = <usize>(turn ? args.ci * taps : taps) << 2;
  const from = args.weight + (<usize>(group * args.co * args.ci * taps) << 2) + <usize>first * acrossStep;
  const wide = min(PANEL, across - first);
  let to = args.panels + <usize>(task * down * along * deep) * PANEL_ROW;
  for (let i = 0; i < down; i++) {
    const y = args.tapTop + (turn ? down - 1 - i : i) * args.tapStep;
    for (let j = 0; j < along; j++) {
      const x = args.tapLeft + (turn ? along - 1 - j : j) * args.tapStep;
      let p = from + (<usize>(y * args.kw + x) << 2);
      for (let d = 0; d < deep; d++) {
        for (let lane = 0; lane < PANEL; lane++) {
          store<f32>(to + (<usize>lane << 2), lane < wide ? load<f32>(p + <usize>lane * acrossStep) : 0);
        }
        p += deepStep;
        to += PANEL_ROW;
      }
    }
  }
}
