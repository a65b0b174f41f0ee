/**
 * One step of an optimizer over a run of parameters. A task takes `perTask` values, and every run is padded to a
 * multiple of 4 by whoever binds, so there is no tail.
 */
import { add, div, load4, loadSplat, madd, mul, neg, splat, sqrt4, store4 } from "./simd";
import { Adam, Sgd } from "./structs.gen";

/** g = grad + weightDecay·w; v = momentum·v + g; w −= lr·v, or lr·(g + momentum·v) with Nesterov. As PyTorch's SGD. */
export function sgd(args: Sgd, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  const weight = args.weight;
  const grad = args.grad;
  const velocity = args.velocity;
  const step = neg(loadSplat(args.lr));
  const momentum = splat(args.momentum);
  const decay = splat(args.weightDecay);
  if (!velocity) {
    for (; at < end; at += 16) {
      const w = load4(weight + at);
      store4(weight + at, madd(step, madd(decay, w, load4(grad + at)), w));
    }
    return;
  }
  const nesterov = args.nesterov != 0;
  for (; at < end; at += 16) {
    const w = load4(weight + at);
    const g = madd(decay, w, load4(grad + at));
    const v = madd(momentum, load4(velocity + at), g);
    store4(velocity + at, v);
    store4(weight + at, madd(step, nesterov ? madd(momentum, v, g) : v, w));
  }
}

/** Kingma & Ba 2015, and with `shrink` Loshchilov & Hutter 2019: w = shrink·w − step·m / (√v·correction + eps). */
export function adam(args: Adam, task: i32): void {
  let at = <usize>(task * args.perTask) << 2;
  const end = min(at + (<usize>args.perTask << 2), <usize>args.count << 2);
  const beta1 = splat(args.beta1);
  const beta2 = splat(args.beta2);
  const keep1 = splat(1 - args.beta1);
  const keep2 = splat(1 - args.beta2);
  const step = neg(loadSplat(args.step));
  const correction = loadSplat(args.correction);
  const eps = splat(args.eps);
  const decay = splat(args.weightDecay);
  const shrink = loadSplat(args.shrink);
  for (; at < end; at += 16) {
    const w = load4(args.weight + at);
    const g = madd(decay, w, load4(args.grad + at));
    const m = madd(beta1, load4(args.m + at), mul(keep1, g));
    const v = madd(beta2, load4(args.v + at), mul(keep2, mul(g, g)));
    store4(args.m + at, m);
    store4(args.v + at, v);
    store4(args.weight + at, madd(step, div(m, add(mul(sqrt4(v), correction), eps)), mul(shrink, w)));
  }
}
