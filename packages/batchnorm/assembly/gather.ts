/** Rows of a data set, in any order, side by side as a batch. */
import { bytesToFloats, maddScalar, splat } from "./simd";
import { Gather, GatherImages } from "./structs.gen";

export function gatherBytes(args: Gather, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const width = <usize>args.width;
  const scale = splat(args.scale);
  for (let r = first; r < end; r++) {
    let p = args.from + <usize>load<i32>(args.indices + (<usize>r << 2)) * width;
    let q = args.to + <usize>r * (width << 2);
    const stop = p + width;
    for (; p + 16 <= stop; p += 16, q += 64) bytesToFloats(p, q, scale);
    for (; p < stop; p++, q += 4) store<f32>(q, <f32>load<u8>(p) * args.scale);
  }
}

export function gatherFloats(args: Gather, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const bytes = <usize>args.width << 2;
  for (let r = first; r < end; r++) {
    const item = <usize>load<i32>(args.indices + (<usize>r << 2));
    memory.copy(args.to + <usize>r * bytes, args.from + item * bytes, bytes);
  }
}

/** Images moved and mirrored, as byte · scale + shift; what comes from outside of one is 0. */
export function gatherImages(args: GatherImages, task: i32): void {
  const first = task * args.rowsPerTask;
  const end = min(first + args.rowsPerTask, args.rows);
  const channels = args.channels;
  for (let r = first; r < end; r++) {
    const place = args.places + (<usize>r << 4);
    const image = args.from + <usize>(load<i32>(place) * args.h * args.w * channels);
    const left = load<i32>(place, 8);
    const mirrored = load<i32>(place, 12) != 0;
    let q = args.to + (<usize>(r * args.h * args.w * channels) << 2);
    for (let i = 0; i < args.h; i++) {
      const y = load<i32>(place, 4) + i;
      const line = image + <usize>(y * args.w * channels);
      for (let j = 0; j < args.w; j++) {
        const x = left + (mirrored ? args.w - 1 - j : j);
        const inside = y >= 0 && y < args.h && x >= 0 && x < args.w;
        if (inside) pixel(line + <usize>(x * channels), q, args.scale, args.shift, channels);
        else memory.fill(q, 0, <usize>channels << 2);
        q += <usize>channels << 2;
      }
    }
  }
}

function pixel(from: usize, to: usize, scale: usize, shift: usize, channels: i32): void {
  const end = from + <usize>channels;
  for (; from < end; from++, to += 4, scale += 4, shift += 4) {
    store<f32>(to, maddScalar(<f32>load<u8>(from), load<f32>(scale), load<f32>(shift)));
  }
}
