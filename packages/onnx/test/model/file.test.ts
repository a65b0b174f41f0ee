import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, equals, toBinary } from "@bufbuild/protobuf";
import { FunctionProtoSchema, ModelProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { foldBatchNorms, type OnnxModel, parseModel, readModel, serializeModel, writeModel } from "#dist/index.js";
import { fixture, temporaryFolder } from "../support/files.ts";
import { batchNorm, model, node, parameters, random } from "../support/models.ts";
import { refuses } from "../support/refusal.ts";

const small = () =>
  model({
    inputs: { x: [2, 2, 5, 5] },
    outputs: ["y"],
    constants: [random("w", [3, 2, 3, 3]), ...parameters("bn", 3)],
    nodes: [node("Conv", "x,w", "c"), batchNorm("bn", "c", "r"), node("Relu", "r", "y")],
  });

/** A field that no version of the format has, with a value of its own. */
const unknown = (value: number) => [{ no: 4242, wireType: 0, data: new Uint8Array([value]) }];

function markEverywhere({ proto }: OnnxModel): void {
  const [conv, , relu] = proto.graph.node;
  const marked = [
    proto,
    proto.graph,
    relu,
    conv,
    conv.attribute,
    proto.graph.initializer[0],
    proto.graph.input[0],
  ].flat();
  marked.forEach((message, i) => {
    message.$unknown = unknown(i);
  });
  proto.producerName = "someone";
  proto.metadataProps = [create(StringStringEntryProtoSchema, { key: "licence", value: "MIT, Ελλάδα" })];
  relu.docString = "a note";
}

describe("a model that is read and written", () => {
  test.each([
    "fuse-conv-bn-no-bias.onnx",
    "fuse-matmul-bn-directly.onnx",
    "test_batchnorm_epsilon_training_mode/model.onnx",
  ])("has the same bytes where its fields were in order: %s", async (file) => {
    const folder = temporaryFolder();
    const path = join(folder, "out.onnx");
    await writeModel(await readModel(fixture(file)), path);
    expect(Buffer.compare(readFileSync(path), readFileSync(fixture(file)))).toBe(0);
    expect(readdirSync(folder)).toEqual(["out.onnx"]);
  });

  test("keeps unknown fields and metadata, byte for byte", () => {
    const made = small();
    markEverywhere(made);
    const bytes = toBinary(ModelProtoSchema, made.proto);
    expect(Buffer.compare(serializeModel(parseModel(bytes)), bytes)).toBe(0);
    expect(bytes.length).toBeGreaterThan(toBinary(ModelProtoSchema, small().proto).length + 20);
  });

  test("keeps them when it is folded, too", () => {
    const made = small();
    markEverywhere(made);
    const { proto } = parseModel(serializeModel(foldBatchNorms(parseModel(serializeModel(made))).model));
    const [conv, relu] = proto.graph.node;
    const [w] = proto.graph.initializer;
    const values = [proto, proto.graph, relu, conv, w, proto.graph.input[0]].map(
      ({ $unknown }) => $unknown?.[0].data[0],
    );
    expect(values).toEqual([0, 1, 2, 3, 4, 5]);
    expect(proto.metadataProps[0].value).toBe("MIT, Ελλάδα");
    expect([proto.producerName, relu.docString]).toEqual(["someone", "a note"]);
  });

  test("has the same content whatever the order its fields came in", () => {
    const bytes = toBinary(ModelProtoSchema, small().proto);
    const opset = toBinary(ModelProtoSchema, create(ModelProtoSchema, { opsetImport: small().proto.opsetImport }));
    const rest = create(ModelProtoSchema, { ...small().proto, opsetImport: [] });
    const turned = Buffer.concat([opset, toBinary(ModelProtoSchema, rest)]);
    expect(Buffer.compare(turned, bytes)).not.toBe(0);
    expect(equals(ModelProtoSchema, parseModel(turned).proto, parseModel(bytes).proto)).toBe(true);
    expect(Buffer.compare(serializeModel(parseModel(turned)), bytes)).toBe(0);
  });
});

describe("what is no model is refused", () => {
  test("by its content", async () => {
    const bytes = serializeModel(small());
    await refuses(() => parseModel(new Uint8Array(0)), "E_FORMAT", "the model is empty");
    await refuses(() => parseModel(new TextEncoder().encode("<!DOCTYPE html><html>")), "E_FORMAT", "no ONNX model");
    await refuses(() => parseModel(bytes.subarray(0, bytes.length / 2)), "E_FORMAT", "is cut off");
    await refuses(() => parseModel(bytes.subarray(0, 2)), "E_FORMAT", "it has no graph or version");
    const without = small();
    without.proto.opsetImport = [];
    await refuses(() => parseModel(serializeModel(without)), "E_FORMAT", "got 0: is it cut off?");
    await refuses(
      () => parseModel(serializeModel(model({ ...{ inputs: {}, outputs: [], nodes: [] }, opset: 6 }))),
      "E_UNSUPPORTED",
      "opset 7 or newer, got 6",
    );
    const own = small();
    own.proto.functions = [create(FunctionProtoSchema, { name: "Conv", domain: "" })];
    await refuses(() => parseModel(serializeModel(own)), "E_UNSUPPORTED", "defines ONNX's operator Conv itself");
  });

  test("as a file, with its name", async () => {
    const folder = temporaryFolder();
    await refuses(() => readModel(join(folder, "none.onnx")), "E_FILE", "none.onnx");
    await refuses(() => readModel(folder), "E_FILE", "to be a file");
    const path = join(folder, "text.onnx");
    writeFileSync(path, "");
    await refuses(() => readModel(path), "E_FORMAT", `"${path}" is empty`);
    truncateSync(path, 2 ** 31);
    await refuses(
      () => readModel(path),
      "E_UNSUPPORTED",
      "at most 2147483647 bytes, got 2147483648: a larger model keeps",
    );
  });
});

describe("writing is refused", () => {
  test("where the model was read from, by whatever name", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "in.onnx");
    await writeModel(small(), path);
    const before = readFileSync(path);
    const read = await readModel(path);
    linkSync(path, join(folder, "hard.onnx"));
    symlinkSync("in.onnx", join(folder, "soft.onnx"));
    mkdirSync(join(folder, "inner"));
    for (const name of ["in.onnx", "hard.onnx", "soft.onnx", "inner/../in.onnx"]) {
      await refuses(() => writeModel(read, join(folder, name)), "E_FILE", "the original is never changed");
    }
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
    await writeModel(read, join(folder, "out.onnx"));
    await writeModel(read, join(folder, "out.onnx"));
    expect(readdirSync(folder).sort()).toEqual(["hard.onnx", "in.onnx", "inner", "out.onnx", "soft.onnx"]);
  });

  test("where there is no folder, or one of that name", async () => {
    const folder = temporaryFolder();
    await refuses(() => writeModel(small(), join(folder, "none", "out.onnx")), "E_FILE", "cannot write");
    mkdirSync(join(folder, "out.onnx"));
    await refuses(() => writeModel(small(), join(folder, "out.onnx")), "E_FILE", "cannot write");
    expect(readdirSync(folder)).toEqual(["out.onnx"]);
  });
});
