/** All graphs of a model, each with what is known of its values. */
import { create } from "@bufbuild/protobuf";
import { type FunctionProto, type GraphProto, GraphProtoSchema, type ModelProto } from "onnx-buf";
import { describe, isOnnxDomain } from "./attributes.ts";
import type { WholeModel } from "./copy.ts";
import { Graph, type ModelContext } from "./graph.ts";
import { namesUsed, nestedIn } from "./nested.ts";
import { Shapes } from "./shapes.ts";

/** A graph and what is known of its values. */
export interface Scope {
  readonly graph: Graph;
  readonly shapes: Shapes;
}

export interface Place extends Scope {
  /** What it is in: `then_branch of If "if1"`, `function "block"`; null for the model's own graph. */
  readonly inside: string | null;
}

/**
 * The model's graph and those in its nodes' attributes, outer ones first.
 *
 * @throws OnnxError E_FORMAT when a graph is not in order
 */
export function graphsOf({ graph, irVersion }: WholeModel, opset: number): Place[] {
  const context = { opset, irVersion: Number(irVersion), names: namesUsed(graph) };
  return graphsFrom(graph, context, null, null);
}

function graphsFrom(proto: GraphProto, context: ModelContext, outer: Scope | null, inside: string | null): Place[] {
  const graph = new Graph(proto, context, outer?.graph ?? null);
  const place = { graph, shapes: new Shapes(graph, outer?.shapes ?? null), inside };
  const inner = proto.node.flatMap((node) =>
    nestedIn(node).flatMap((nested) => {
      const where = `${nested.attribute} of ${describe(node)}`;
      return graphsFrom(nested.graph, context, place, inside ? `${where} in ${inside}` : where);
    }),
  );
  return [place, ...inner];
}

/** The bodies of a model's own functions as graphs, to be looked at only. */
export function functionsOf({ functions, irVersion }: ModelProto, opset: number): Place[] {
  return functions.flatMap((each) => {
    const own = each.opsetImport.find(({ domain }) => isOnnxDomain(domain));
    const context = { opset: Number(own?.version ?? opset), irVersion: Number(irVersion), names: new Set<string>() };
    return graphsFrom(asGraph(each), context, null, `function "${each.name}"`);
  });
}

function asGraph({ node, input, output, valueInfo }: FunctionProto): GraphProto {
  const named = (names: readonly string[]) => names.map((name) => ({ name }));
  return create(GraphProtoSchema, { node, input: named(input), output: named(output), valueInfo });
}
