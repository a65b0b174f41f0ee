/** Models, data and trainers for tests; trainers are closed when the test ends. */
import {
  BatchNorm,
  Dataset,
  Dropout,
  gaussian,
  initialize,
  type Layer,
  Linear,
  type Progress,
  ReLU,
  Sequential,
  SGD,
  Sigmoid,
  Trainer,
  type TrainerOptions,
  WasmDevice,
} from "batchnorm";
import { onTestFinished } from "vitest";
import { digest, integers, normals } from "./data.ts";

export function openTrainer(model: Layer, options: Partial<TrainerOptions> = {}): Trainer {
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1 }), ...options });
  onTestFinished(() => trainer.close());
  return trainer;
}

/** Where a trainer trains that was given no device: the CPU. */
export function cpuOf({ device }: Trainer): WasmDevice {
  if (!(device instanceof WasmDevice)) throw new Error(`expected a WasmDevice, got ${device.build}`);
  return device;
}

/** Two hidden layers with batch norm and dropout: everything that has state. */
export function smallNetwork({ inputs = 6, width = 8, classes = 3, seed = 1, dropout = 0.25 } = {}): Sequential {
  const model = new Sequential(
    new Linear(inputs, width, { bias: false }),
    new BatchNorm(width),
    new Sigmoid(),
    new Dropout(dropout, { seed }),
    new Linear(width, width),
    new BatchNorm(width, { momentum: null }),
    new ReLU(),
    new Linear(width, classes),
  );
  initialize(model, gaussian(0.5), { seed });
  return model;
}

export function smallDataset({ count = 50, inputs = 6, classes = 3, seed = 2 } = {}): Dataset {
  return new Dataset({
    data: normals(seed, count * inputs),
    shape: [inputs],
    labels: integers(seed + 1, count, classes),
  });
}

/** The bits of a model's parameters and running statistics, name by name. */
export function stateBits(model: Layer): string {
  return Object.entries(model.stateDict())
    .map(([name, { data }]) => `${name} ${digest(data)}`)
    .join("\n");
}

/** The same of a trainer's model, wherever it is kept. */
export async function trainedBits(trainer: Trainer): Promise<string> {
  await trainer.synchronize();
  return stateBits(trainer.model);
}

/** Trains until so many steps or epochs have been made in all, and gives what was reported. */
export function fitAll(
  trainer: Trainer,
  data: Dataset,
  { steps, epochs, ...rest }: Parameters<Trainer["fit"]>[1],
): Promise<Progress[]> {
  const until = steps === undefined ? { untilEpoch: epochs! } : { untilStep: steps };
  return trainer.fit(data, { ...rest, ...until });
}
