import type { GraphProto, NodeProto } from "onnx-buf";
import { isOperator } from "./attributes.ts";
import { annotatedIn, readBy } from "./nested.ts";

/**
 * Removes constants that nobody reads any more: initializers, Constant nodes, and Identity nodes over them.
 *
 * @param released  values that lost a reader; what nobody read before stays as it is
 * @param irVersion in IR 3 an initializer's entry among the inputs goes with it; from 4 on such an entry is an input,
 *                  and stays with its initializer
 * @returns         the released values that are not of this graph
 */
export function prune(graph: GraphProto, released: Iterable<string>, irVersion: number): Set<string> {
  const reads = countReads(graph);
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node])));
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const inputs = new Set(graph.input.map(({ name }) => name));
  const outside = new Set<string>();
  const unused = new Set<string>();
  const removed = new Set<NodeProto>();
  const left = [...released];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const maker = makers.get(name);
    const isHere = maker || initializers.has(name) || inputs.has(name);
    if (!isHere) outside.add(name);
    if (reads.get(name)) continue;
    if (initializers.has(name) && (irVersion < 4 || !inputs.has(name))) unused.add(name);
    if (!maker || removed.has(maker) || !isOperator(maker, "Constant", "Identity")) continue;
    removed.add(maker);
    for (const source of maker.input) {
      reads.set(source, (reads.get(source) ?? 0) - 1);
      left.push(source);
    }
  }
  const isUsed = ({ name }: { name: string }) => !unused.has(name);
  const goneWith = new Set([...unused, ...[...removed].flatMap(({ output }) => output)]);
  graph.initializer = graph.initializer.filter(isUsed);
  graph.input = graph.input.filter(isUsed);
  graph.node = graph.node.filter((node) => !removed.has(node));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !goneWith.has(name));
  return outside;
}

/** How often each value is read, here and in graphs within. */
function countReads(graph: GraphProto): Map<string, number> {
  const reads = new Map<string, number>();
  const read = (name: string) => reads.set(name, (reads.get(name) ?? 0) + 1);
  for (const { name } of graph.output) read(name);
  for (const name of annotatedIn(graph)) read(name);
  for (const node of graph.node) for (const name of readBy(node)) read(name);
  return reads;
}
