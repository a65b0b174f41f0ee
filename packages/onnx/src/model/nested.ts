import type { GraphProto, NodeProto } from "onnx-buf";

/** A graph in an attribute of a node: the branches of If, the bodies of Loop and Scan. */
export interface Nested {
  /** The attribute's name, such as then_branch. */
  readonly attribute: string;
  readonly graph: GraphProto;
}

/** The graphs in a node's attributes, those within them not. */
export function nestedIn(node: NodeProto): Nested[] {
  return node.attribute.flatMap(({ name, g, graphs }) =>
    [...(g ? [g] : []), ...graphs].map((graph) => ({ attribute: name, graph })),
  );
}

/**
 * Every value that a graph or one within it reads or gives out, by name. Names of its own are among them: ONNX lets no
 * inner value have an outer one's name, so that an outer value which is here is read here.
 */
export function namesRead(graph: GraphProto): Set<string> {
  const names = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of readBy(node)) names.add(name);
  return names;
}

/** Every value that a node reads, in graphs within it too, by name. */
export function readBy(node: NodeProto): string[] {
  return [...node.input, ...nestedIn(node).flatMap(({ graph }) => [...namesRead(graph)])];
}

/** Every name that a value of this graph or one within it has. */
export function namesUsed(graph: GraphProto): Set<string> {
  const names = namesRead(graph);
  for (const { name } of [...graph.input, ...graph.initializer, ...graph.valueInfo]) names.add(name);
  for (const { values } of graph.sparseInitializer) names.add(values?.name ?? "");
  for (const node of graph.node) {
    for (const name of node.output) names.add(name);
    for (const { graph: inner } of nestedIn(node)) for (const name of namesUsed(inner)) names.add(name);
  }
  return names;
}

/** The names of tensors in a graph's quantization annotations, and of the parameters they name. */
export function annotatedIn(graph: GraphProto): string[] {
  return graph.quantizationAnnotation.flatMap(({ tensorName, quantParameterTensorNames }) => [
    tensorName,
    ...quantParameterTensorNames.map(({ value }) => value),
  ]);
}
