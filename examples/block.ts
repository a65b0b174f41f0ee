// A residual block of one's own, and a network of two: named fields give the names of the state dict, `compose` says how
// they make up the whole.
import {
  add,
  BatchNorm,
  Conv2d,
  GlobalAveragePool,
  Linear,
  Module,
  ReLU,
  randn,
  SGD,
  Trainer,
  type Value,
} from "batchnorm";

class Block extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly relu = new ReLU();

  constructor(channels: number) {
    super();
    this.conv1 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn1 = new BatchNorm(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm(channels);
  }

  override compose(x: Value): Value {
    const y = this.relu.of(this.bn1.of(this.conv1.of(x)));
    return this.relu.of(add(this.bn2.of(this.conv2.of(y)), x));
  }
}

class Network extends Module {
  readonly stem = new Conv2d(3, 16, 3, { padding: 1 });
  readonly blocks = [new Block(16), new Block(16)];
  readonly pool = new GlobalAveragePool();
  readonly fc = new Linear(16, 10);

  override compose(x: Value): Value {
    const features = this.blocks.reduce((value, block) => block.of(value), this.stem.of(x));
    return this.fc.of(this.pool.of(features));
  }
}

const model = new Network();
console.log(Object.keys(model.stateDict()).slice(0, 4).join(" ")); // => stem.weight stem.bias blocks.0.conv1.weight blocks.0.bn1.weight

const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
const images = randn([10, 8, 8, 3], { seed: 1 });
const labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
let correct = 0;
for (let step = 0; step < 60; step++) ({ correct } = await trainer.step(images, labels));
console.log(`${correct} of 10`); // => 10 of 10
await trainer.close();
