// A layer with a forward and a backward pass of one's own, in plain TypeScript: x·sigmoid(slope·x) with a slope that is
// learned. `checkGradients` compares what it says with central differences.
import { Linear, Parameter, randn, Sequential, SGD, Trainer } from "batchnorm";
import { checkGradients, type PlainBackward, type PlainForward, PlainLayer } from "batchnorm/extend";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

class Swish extends PlainLayer {
  readonly slope = new Parameter(Float32Array.of(1), [1]);

  override infer(shape: readonly number[]) {
    return shape;
  }

  override compute({ inputs: [x], output, parameters: { slope } }: PlainForward) {
    for (let i = 0; i < x.length; i++) output[i] = x[i] * sigmoid(slope[0] * x[i]);
  }

  override differentiate({
    inputs: [x],
    parameters,
    gradient,
    inputGradients: [dx],
    parameterGradients,
  }: PlainBackward) {
    const slope = parameters.slope[0];
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const s = sigmoid(slope * x[i]);
      if (dx) dx[i] = gradient[i] * (s + slope * x[i] * s * (1 - s));
      sum += gradient[i] * x[i] * x[i] * s * (1 - s);
    }
    if (parameterGradients.slope) parameterGradients.slope[0] = sum;
  }
}

const errors = await checkGradients(new Swish(), { shape: [3, 5] });
console.log(Object.keys(errors).join(" "), Math.max(...Object.values(errors)) < 1e-3); // => x slope true

const swish = new Swish();
const model = new Sequential(new Linear(4, 16), swish, new Linear(16, 2));
const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.5 }) });
const x = randn([20, 4], { seed: 1 });
const labels = Array.from({ length: 20 }, (_, i) => Number(x.data[4 * i] > 0));
let correct = 0;
for (let step = 0; step < 100; step++) ({ correct } = await trainer.step(x, labels));
console.log(`${correct} of 20, the slope has moved: ${swish.slope.data[0] !== 1}`); // => 20 of 20, the slope has moved: true
await trainer.close();
