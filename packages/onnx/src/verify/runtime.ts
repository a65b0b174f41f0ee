/** onnxruntime, loaded when a model is to be run and not before. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { GraphProtoSchema, ModelProtoSchema, ValueInfoProtoSchema } from "onnx-buf";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { OnnxError, sentenceOf } from "../errors.ts";
import { copyMessage } from "../model/copy.ts";
import { isLoaded, tensorsOf } from "../model/external.ts";
import { type OnnxModel, serializeModel, writeModel } from "../model/file.ts";
import type { NamedInput } from "./values.ts";

export type Runtime = typeof import("onnxruntime-node");

/** @throws OnnxError E_RUN when onnxruntime-node is not installed, or not for this platform */
export async function loadRuntime(): Promise<Runtime> {
  try {
    const module: Runtime & { default?: Runtime } = await import("onnxruntime-node");
    return module.default ?? module;
  } catch (error) {
    const why = sentenceOf(error);
    throw new OnnxError("E_RUN", `running a model needs the package onnxruntime-node: npm install it (${why})`, {
      cause: error,
    });
  }
}

/** A model that gives further values out, by name. */
function giving({ proto, ...rest }: OnnxModel, values: readonly string[]): OnnxModel {
  const { graph } = proto;
  const outputs = new Set(graph.output.map(({ name }) => name));
  const added = values.filter((name) => !outputs.has(name)).map((name) => create(ValueInfoProtoSchema, { name }));
  const wider = copyMessage(GraphProtoSchema, graph);
  wider.output = [...graph.output, ...added];
  const copy = copyMessage(ModelProtoSchema, proto);
  return { ...rest, proto: Object.assign(copy, { graph: wider }) };
}

export interface SessionOptions {
  /** Inner values to give out too. */
  readonly values?: readonly string[];
  /** Whether onnxruntime's optimizer works on it, which folds batch norms itself. Default false: the model as it stands. */
  readonly optimized?: boolean;
  /** Default 1, so that sums are always taken in the same order; 0: one a core. */
  readonly threads?: number;
}

/**
 * A model, ready to run.
 *
 * @param what  the model in messages
 * @throws      OnnxError E_RUN when onnxruntime does not take the model
 */
export async function openSession(
  runtime: Runtime,
  model: OnnxModel,
  what: string,
  { values = [], optimized = false, threads = 1 }: SessionOptions = {},
): Promise<InferenceSession> {
  const open = (source: string | Uint8Array) =>
    runtime.InferenceSession.create(source as string, {
      graphOptimizationLevel: optimized ? "all" : "disabled",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  try {
    const hasOthers = [...tensorsOf(model.proto)].some(isLoaded);
    const wider = giving(model, values);
    return hasOthers ? await withFile(wider, open) : await open(serializeModel(wider));
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError("E_RUN", `onnxruntime does not take ${what}: ${sentenceOf(error)}`, { cause: error });
  }
}

/** Inputs as onnxruntime takes them. */
export function feedsOf(runtime: Runtime, inputs: ReadonlyMap<string, NamedInput>): InferenceSession.OnnxValueMapType {
  return Object.fromEntries([...inputs].map(([name, input]) => [name, tensorOf(runtime, input)]));
}

function tensorOf({ Tensor }: Runtime, { type, data, dims }: NamedInput): Tensor {
  if (type !== "float16") return new Tensor(type as "float32", data as Float32Array, dims);
  // Where JavaScript has a Float16Array the constructor makes one of the bits, which onnxruntime's native side cannot read.
  return Object.assign(new Tensor("uint16", data as Uint16Array, dims), { type });
}

/**
 * What a model gives for some inputs.
 *
 * @throws OnnxError E_RUN when onnxruntime does not run it
 */
export async function runOn(
  runtime: Runtime,
  session: InferenceSession,
  inputs: ReadonlyMap<string, NamedInput>,
  what: string,
): Promise<InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feedsOf(runtime, inputs));
  } catch (error) {
    const shapes = [...inputs].map(([name, { dims }]) => `${name} [${dims.join(", ")}]`).join(", ");
    const message = `onnxruntime does not run ${what} on ${shapes}; if that is no good shape, give others: ${sentenceOf(error)}`;
    throw new OnnxError("E_RUN", message, { cause: error });
  }
}

/** Values in other files may be more than fit one: such a model is written for onnxruntime to read. */
async function withFile<T>(model: OnnxModel, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "batchnorm-onnx-"));
  try {
    const path = join(folder, "model.onnx");
    await writeModel(model, path);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
