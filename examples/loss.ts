// A loss of one's own, in plain TypeScript: the mean absolute error, which does not care how far an outlier is.
import { Linear, meanSquaredError, randn, SGD, Trainer } from "batchnorm";
import { plainLoss } from "batchnorm/extend";

const absoluteError = plainLoss({
  name: "absoluteError",
  compute({ output, targets, gradient }) {
    let sum = 0;
    for (let i = 0; i < output.length; i++) {
      sum += Math.abs(output[i] - targets[i]);
      gradient[i] = Math.sign(output[i] - targets[i]) / output.length;
    }
    return sum / output.length;
  },
});

// y = 2x + 1, with one point that is far off.
const x = randn([32, 1], { seed: 1 });
const targets = Float32Array.from(x.data, (value, i) => (i === 0 ? 500 : 2 * value + 1));

for (const loss of [absoluteError, meanSquaredError()]) {
  const model = new Linear(1, 1);
  const trainer = new Trainer(model, { optimizer: new SGD({ lr: 0.05 }), loss });
  for (let step = 0; step < 400; step++) await trainer.step(x, targets);
  await trainer.close();
  const found = Math.abs(model.weight.data[0] - 2) < 0.1;
  console.log(loss.name, found ? "finds the line" : "is led astray"); // => absoluteError finds the line, then: meanSquaredError is led astray
}
