/**
 * A convolution's weights [groups·co, ci, kh, kw], as PyTorch keeps them, in panels for conv.ts: eight output channels
 * side by side, [groups, ⌈co/8⌉, kh, kw, ci, 8]. With `turn`, those of the convolution that gives the gradient of the
 * input: channels exchanged and the kernel turned half round, [groups, ⌈ci/8⌉, kh, kw, co, 8]. A task makes one panel.
 */

@unmanaged
export class PackConv {
  weight: usize = 0; // f32 [groups·co, ci, kh, kw]
  panels: usize = 0; // f32
  groups: i32 = 0;
  co: i32 = 0;
  ci: i32 = 0;
  kh: i32 = 0;
  kw: i32 = 0;
  turn: i32 = 0;
}

export function packConv(args: PackConv, task: i32): void {
  const turn = args.turn != 0;
  const taps = args.kh * args.kw;
  const across = turn ? args.ci : args.co;
  const deep = turn ? args.co : args.ci;
  const perGroup = (across + 7) >> 3;
  const group = task / perGroup;
  const first = (task % perGroup) << 3;
  // How far apart, in bytes, are neighbours across and deep.
  const acrossStep = <usize>(turn ? taps : args.ci * taps) << 2;
  const deepStep = <usize>(turn ? args.ci * taps : taps) << 2;
  const from = args.weight + (<usize>(group * args.co * args.ci * taps) << 2) + <usize>first * acrossStep;
  const wide = min(8, across - first);
  let to = args.panels + (<usize>(task * taps * deep) << 5);
  for (let t = 0; t < taps; t++) {
    let p = from + (<usize>(turn ? taps - 1 - t : t) << 2);
    for (let d = 0; d < deep; d++) {
      for (let x = 0; x < 8; x++) {
        store<f32>(to + (<usize>x << 2), x < wide ? load<f32>(p + <usize>x * acrossStep) : 0);
      }
      p += deepStep;
      to += 32;
    }
  }
}
