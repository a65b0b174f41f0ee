import { type Layer, SGD, tensor } from "batchnorm";
import { integers, normals } from "./data.ts";
import { openTrainer } from "./training.ts";

/** Trains on 8 images of noise in 4 classes, always the same: the losses, and how many are right in the end. */
export async function overfit(model: Layer, { lr, steps, size }: { lr: number; steps: number; size: number }) {
  const trainer = openTrainer(model, { optimizer: new SGD({ lr, momentum: 0.9 }) });
  const x = tensor(normals(1, 8 * size * size * 3), [8, size, size, 3]);
  const labels = integers(2, 8, 4);
  const losses: number[] = [];
  let correct = 0;
  for (let i = 0; i < steps; i++) {
    const result = await trainer.step(x, labels);
    losses.push(result.loss);
    correct = result.correct;
  }
  return { losses, correct };
}
