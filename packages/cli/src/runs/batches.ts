import { type Dataset, Tensor } from "batchnorm";

/** Images a batch at most: few, so that a pass needs little memory. */
const MOST = 100;

/** The images of a data set of bytes in order, in batches [n, ...] of sizes that differ by one at most. */
export function* batches({ data, shape, length, scale, mean, std }: Dataset): Generator<Tensor> {
  const size = data.length / length;
  const channels = shape[shape.length - 1];
  const count = Math.ceil(length / MOST);
  for (let batch = 0; batch < count; batch++) {
    const from = Math.floor((batch * length) / count);
    const to = Math.floor(((batch + 1) * length) / count);
    const values = new Float32Array((to - from) * size);
    for (let at = 0; at < values.length; at++) {
      const channel = at % channels;
      values[at] = (data[from * size + at] * scale - (mean?.[channel] ?? 0)) / (std?.[channel] ?? 1);
    }
    yield new Tensor(values, [to - from, ...shape]);
  }
}
