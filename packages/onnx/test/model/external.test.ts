import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import {
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import {
  compareModels,
  foldBatchNorms,
  type OnnxModel,
  parseModel,
  readModel,
  serializeModel,
  writeModel,
} from "#dist/index.js";
import { numbersOf } from "#dist/model/tensor.js";
import { temporaryFolder } from "../support/files.ts";
import { operators } from "../support/folding.ts";
import { batchNorm, model, node, parameters, random } from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

const small = () =>
  model({
    inputs: { x: [2, 2, 5, 5] },
    outputs: ["y"],
    constants: [random("w", [3, 2, 3, 3]), random("v", [3, 3, 1, 1]), ...parameters("bn", 3)],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "r"), node("Conv", "r,v", "y")],
  });

function pointTo(tensor: TensorProto, entries: Record<string, string | number>): void {
  tensor.rawData = new Uint8Array(0);
  Reflect.deleteProperty(tensor, "rawData");
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) }),
  );
}

/** Writes a model whose two weights are in a file beside it, the first after 100 bytes of something else. */
async function writeSplit(folder: string, change: (made: OnnxModel) => void = () => {}): Promise<string> {
  const made = small();
  const [w, v] = made.proto.graph.initializer;
  writeFileSync(join(folder, "weights.bin"), Buffer.concat([Buffer.alloc(100, 1), w.rawData, v.rawData]));
  pointTo(w, { location: "weights.bin", offset: 100, length: w.rawData.length });
  pointTo(v, { location: "weights.bin", offset: 100 + 216 });
  change(made);
  const path = join(folder, "in.onnx");
  writeFileSync(path, serializeModel(made));
  return path;
}

test("values in other files are read, folded and written to one beside the output", async () => {
  const folder = temporaryFolder();
  const read = await readModel(await writeSplit(folder));
  expect(numbersOf(read.proto.graph.initializer[0])).toEqual(numbersOf(random("w", [3, 2, 3, 3])));
  expect(numbersOf(read.proto.graph.initializer[1])).toEqual(numbersOf(random("v", [3, 3, 1, 1])));
  const { model: folded } = foldBatchNorms(read);
  expect(operators(folded)).toEqual(["Conv", "Conv"]);
  const { outputs } = await compareModels(read, folded);
  expect(outputs[0].relative).toBeLessThan(1e-6);

  const path = join(folder, "out.onnx");
  await writeModel(folded, path);
  expect(readdirSync(folder).sort()).toEqual(["in.onnx", "out.onnx", "out.onnx.data", "weights.bin"]);
  // The bias that is new is stored as the weights are.
  expect(readFileSync(`${path}.data`)).toHaveLength(216 + 36 + 12);
  const again = await readModel(path);
  expect(again.proto.graph.initializer.map((tensor) => numbersOf(tensor).values)).toEqual(
    folded.proto.graph.initializer.map((tensor) => numbersOf(tensor).values),
  );
  expect((await compareModels(folded, again)).outputs[0].absolute).toBe(0);
});

test("bytes hold all values, and without the other file they are missed only where they are needed", async () => {
  const folder = temporaryFolder();
  const path = await writeSplit(folder);
  const whole = parseModel(serializeModel(await readModel(path)));
  expect((await compareModels(small(), whole)).outputs[0].absolute).toBe(0);
  const lost = parseModel(readFileSync(path));
  await refuses(
    () => foldBatchNorms(lost),
    "E_UNSUPPORTED",
    'tensor "w" are in a file of their own: read the model by its path',
  );
  expect(Buffer.compare(serializeModel(lost), readFileSync(path))).toBe(0);
});

test("larger tensors begin where memory can be mapped", async () => {
  const folder = temporaryFolder();
  const made = model({
    inputs: { x: [1] },
    outputs: ["y"],
    constants: [random("a", [5]), random("b", [1 << 18])],
    nodes: [node("Relu", "x", "y")],
  });
  for (const tensor of made.proto.graph.initializer) tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  await writeModel(made, join(folder, "out.onnx"));
  expect(readFileSync(join(folder, "out.onnx.data"))).toHaveLength((1 << 16) + (1 << 20));
  const again = await readModel(join(folder, "out.onnx"));
  expect(Buffer.compare(again.proto.graph.initializer[1].rawData, made.proto.graph.initializer[1].rawData)).toBe(0);
});

describe("is refused:", () => {
  test.each([
    ["../weights.bin", "E_FILE", "nothing else is read"],
    ["/etc/hostname", "E_FILE", "nothing else is read"],
    ["inner/../../weights.bin", "E_FILE", "nothing else is read"],
    ["link.bin", "E_FILE", "nothing else is read"],
    [".", "E_FILE", "nothing else is read"],
    ["none.bin", "E_FILE", 'cannot read "none.bin"'],
    ["inner", "E_FILE", "to be a file"],
    ["", "E_FORMAT", 'expected tensor "w" to name the file of its values'],
  ] as const)("a file %j", async (location, code, words) => {
    const outer = temporaryFolder();
    const folder = join(outer, "model");
    mkdirSync(join(folder, "inner"), { recursive: true });
    writeFileSync(join(outer, "weights.bin"), Buffer.alloc(1000));
    symlinkSync("../weights.bin", join(folder, "link.bin"));
    const path = await writeSplit(folder, ({ proto }) =>
      pointTo(proto.graph.initializer[0], { location, length: 216 }),
    );
    await refuses(() => readModel(path), code, words);
  });

  test.each([
    [{ offset: 300, length: 216 }, 'to have 516 bytes, for tensor "w", got 352'],
    [{ offset: 400 }, 'to have 352 bytes, for tensor "w"'],
    [{ offset: -4, length: 216 }, 'the offset of tensor "w" in its file to be a whole number, got "-4"'],
    [{ offset: 0, length: "1e3" }, 'the length of tensor "w"'],
    [{ offset: "99999999999999999999" }, 'the offset of tensor "w"'],
  ])("the place %j", async (place, words) => {
    const folder = temporaryFolder();
    const path = await writeSplit(folder, ({ proto }) =>
      pointTo(proto.graph.initializer[0], { location: "weights.bin", ...place }),
    );
    await refuses(() => readModel(path), "E_FORMAT", words);
  });

  test("a sparse tensor with values elsewhere", async () => {
    const folder = temporaryFolder();
    const path = await writeSplit(folder, ({ proto }) => {
      const values = proto.graph.initializer.pop() as TensorProto;
      pointTo(values, { location: "weights.bin", length: 12 });
      proto.graph.sparseInitializer = [create(SparseTensorProtoSchema, { values, dims: [3n] })];
    });
    await refuses(() => readModel(path), "E_UNSUPPORTED", 'tensor "bn.var", sparse or of a training algorithm');
  });

  test("an output that would take the place of a file whose values have all gone", async () => {
    const folder = temporaryFolder();
    const path = await writeSplit(folder, ({ proto }) => {
      const variance = proto.graph.initializer[5];
      writeFileSync(join(folder, "variance.bin"), variance.rawData);
      pointTo(variance, { location: "variance.bin" });
    });
    const { model: folded } = foldBatchNorms(await readModel(path));
    await refuses(() => writeModel(folded, join(folder, "variance.bin")), "E_FILE", "the original is never changed");
  });

  test("an output that would take the place of the model's other file", async () => {
    const folder = temporaryFolder();
    const path = await writeSplit(folder);
    symlinkSync("weights.bin", join(folder, "out.onnx.data"));
    const read = await readModel(path);
    await refuses(() => writeModel(read, join(folder, "out.onnx")), "E_FILE", "out.onnx.data");
    await refuses(() => writeModel(read, join(folder, "weights.bin")), "E_FILE", "the original is never changed");
    expect(existsSync(join(folder, "out.onnx"))).toBe(false);
  });
});
