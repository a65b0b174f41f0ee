/** Blocks that use a layer twice, against PyTorch's float64: the cases and their bounds are in conformance/modules. */
import {
  add,
  BatchNorm,
  Conv2d,
  channelsFirst,
  channelsLast,
  type Layer,
  Module,
  ReLU,
  tensor,
  type Value,
} from "batchnorm";
import { expect, test } from "vitest";
import sharedBatchNorm from "../conformance/modules/shared-batchnorm.json" with { type: "json" };
import sharedConv from "../conformance/modules/shared-conv.json" with { type: "json" };
import { type Packed, unpack } from "../support/conformance.ts";
import { largest, largestDifference } from "../support/data.ts";
import { onEveryDevice } from "../support/devices.ts";

class SharedConv extends Module {
  readonly conv = new Conv2d(6, 6, 3, { padding: 1 });
  readonly relu = new ReLU();
  override compose(x: Value): Value {
    return this.conv.of(this.relu.of(this.conv.of(x)));
  }
}

class SharedBatchNorm extends Module {
  readonly bn = new BatchNorm(8);
  readonly relu = new ReLU();
  override compose(x: Value): Value {
    return this.bn.of(add(this.relu.of(this.bn.of(x)), x));
  }
}

type Checked = Packed & { f32err?: number };
interface Case {
  state: Record<string, Packed>;
  input: Packed;
  gradOutput: Packed;
  output: Checked;
  gradInput: Checked;
  grads: Record<string, Checked>;
  buffersAfter: Record<string, Checked>;
}

/** PyTorch's images, channels last. */
function image(packed: Packed) {
  const { data, shape } = unpack(packed);
  return channelsLast(tensor(Float32Array.from(data), shape));
}

function expectWithin(got: Float32Array, packed: Checked, what: string): void {
  const { data } = unpack(packed);
  const most = Math.max(2 * (packed.f32err ?? 0), 1e-6 * largest(data));
  expect(largestDifference(got, data), what).toBeLessThanOrEqual(most);
}

onEveryDevice((run) => {
  test.each<[string, () => Layer, Case]>([
    ["a convolution", () => new SharedConv(), sharedConv as unknown as Case],
    ["a batch norm", () => new SharedBatchNorm(), sharedBatchNorm as unknown as Case],
  ])("%s used twice", async (_name, make, { state, input, gradOutput, output, gradInput, grads, buffersAfter }) => {
    const block = make();
    const dict = Object.fromEntries(
      Object.entries(state).map(([name, packed]) => {
        const { data, shape } = unpack(packed);
        return [name, { shape, data: Float32Array.from(data) }];
      }),
    );
    block.loadStateDict(dict);
    expectWithin(channelsFirst(await run.forward(block, image(input))).data, output, "output");
    expectWithin(channelsFirst(await run.backward(block, image(gradOutput))).data, gradInput, "gradInput");
    for (const [name, parameter] of block.namedParameters()) expectWithin(parameter.grad!.data, grads[name], name);
    const after = block.stateDict();
    for (const [name, packed] of Object.entries(buffersAfter)) {
      expectWithin(after[name].data as Float32Array, packed, name);
    }
  });
});
