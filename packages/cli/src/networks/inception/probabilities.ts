import type { Tensor } from "batchnorm";

/** Class probabilities as they are stored: base64 of float32 values, one row an image. @param logits  [images, classes] */
export function encodeProbabilities({ data, shape: [images, classes] }: Tensor): string {
  const result = new Float32Array(images * classes);
  for (let image = 0; image < images; image++) {
    const scores = data.subarray(image * classes, (image + 1) * classes);
    const highest = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - highest));
    const sum = powers.reduce((total, power) => total + power, 0);
    result.set(
      powers.map((power) => power / sum),
      image * classes,
    );
  }
  return Buffer.from(result.buffer).toString("base64");
}

/** What `encodeProbabilities` stored: [images, classes], one row after the other. */
export function decodeProbabilities(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);
}
