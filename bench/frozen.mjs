// Fine-tuning with a frozen body: a step of ResNet-18 of which only the head is trained, against its own forward pass in
// train mode and against a step of all of it. node frozen.mjs [rounds]
import {
  add,
  BatchNorm,
  Conv2d,
  GlobalAveragePool,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  randn,
  Sequential,
  SGD,
  Trainer,
} from "batchnorm";
import { median } from "./stats.mjs";

class Block extends Module {
  constructor(from, to, stride) {
    super();
    this.conv1 = new Conv2d(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm(to);
    this.relu = new ReLU();
    this.conv2 = new Conv2d(to, to, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm(to);
    const same = from === to && stride === 1;
    this.downsample = same ? null : new Sequential(new Conv2d(from, to, 1, { stride, bias: false }), new BatchNorm(to));
  }

  compose(x) {
    const y = this.relu.of(this.bn1.of(this.conv1.of(x)));
    return this.relu.of(add(this.bn2.of(this.conv2.of(y)), this.downsample ? this.downsample.of(x) : x));
  }
}

class ResNet18 extends Module {
  constructor() {
    super();
    this.conv1 = new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = new BatchNorm(64);
    this.relu = new ReLU();
    this.maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
    const stage = (from, to, stride) => new Sequential(new Block(from, to, stride), new Block(to, to, 1));
    this.layer1 = stage(64, 64, 1);
    this.layer2 = stage(64, 128, 2);
    this.layer3 = stage(128, 256, 2);
    this.layer4 = stage(256, 512, 2);
    this.avgpool = new GlobalAveragePool();
    this.fc = new Linear(512, 10);
  }

  compose(x) {
    const stem = this.maxpool.of(this.relu.of(this.bn1.of(this.conv1.of(x))));
    return this.fc.of(
      this.avgpool.of([this.layer1, this.layer2, this.layer3, this.layer4].reduce((v, s) => s.of(v), stem)),
    );
  }
}

const rounds = Number(process.argv[2] ?? 5);
const x = randn([8, 224, 224, 3], { seed: 1 });
const labels = Array.from({ length: 8 }, (_, i) => i);

function trainer(headOnly) {
  const model = new ResNet18();
  if (headOnly) for (const [name, parameter] of model.namedParameters()) parameter.trainable = name.startsWith("fc.");
  return new Trainer(model, { optimizer: new SGD({ lr: 0.001, momentum: 0.9 }) });
}

const [head, all, forward] = [trainer(true), trainer(false), new ResNet18()];
const runs = {
  forward: async () => forward.forward(x),
  head: () => head.step(x, labels),
  all: () => all.step(x, labels),
};
const times = { forward: [], head: [], all: [] };
for (const run of Object.values(runs)) await run();
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(runs)) {
    const start = performance.now();
    await run();
    times[name].push(performance.now() - start);
  }
}
const [f, h, a] = ["forward", "head", "all"].map((name) => median(times[name]));
const best = (name) => Math.min(...times[name]);
console.log(
  `forward in train mode ${f.toFixed(0)} ms, step of the head ${h.toFixed(0)} ms, step of all ${a.toFixed(0)} ms (medians)`,
);
console.log(
  `head: ${(h / f).toFixed(2)} times the forward pass (best of each ${(best("head") / best("forward")).toFixed(2)}); all: ${(a / f).toFixed(2)} times`,
);
await Promise.all([head.close(), all.close()]);
