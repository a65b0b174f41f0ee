/** What the README begins with. */
import { expect, test } from "vitest";
import { linesOf } from "../support/process.ts";

test("the first example works as it stands: synchronous, nothing to set up or to dispose of", async () => {
  const example = `
import { BatchNorm, randn } from "batchnorm";

const batchNorm = new BatchNorm(64);
const output = batchNorm.forward(randn([32, 64]));
output.shape; // [32, 64]
`;
  const [shape, moments] = await linesOf(`${example}
    console.log(JSON.stringify(output.shape));
    const channel = output.data.filter((_, i) => i % 64 === 5);
    const mean = channel.reduce((a, b) => a + b) / 32;
    const variance = channel.reduce((a, b) => a + (b - mean) ** 2, 0) / 32;
    console.log(Math.abs(mean) < 1e-6, Math.abs(variance - 1) < 1e-4);
  `);
  expect([shape, moments]).toEqual(["[32,64]", "true true"]);
});
