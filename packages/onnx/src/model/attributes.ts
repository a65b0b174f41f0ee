import { type AttributeProto, AttributeProto_AttributeType as AttributeType, type NodeProto } from "onnx-buf";
import { check } from "../errors.ts";

/** Whether a node is one of ONNX's own operators, not a namesake from elsewhere. */
export function isOperator(node: NodeProto, ...names: readonly string[]): boolean {
  return isOnnxDomain(node.domain) && names.includes(node.opType);
}

export function isOnnxDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** What messages call a node: by its name, or else by what it makes. */
export function describe(node: NodeProto): string {
  return node.name ? `${node.opType} "${node.name}"` : `the ${node.opType} that makes "${node.output[0] ?? ""}"`;
}

/**
 * An attribute of the given type. One that refers to an attribute of the function around it counts as not there.
 *
 * @throws OnnxError E_FORMAT when it has another type, or is there twice
 */
export function findAttribute(node: NodeProto, name: string, type: AttributeType): AttributeProto | undefined {
  const [attribute, second] = node.attribute.filter((candidate) => candidate.name === name && !candidate.refAttrName);
  check(!second, "E_FORMAT", () => `expected ${describe(node)} to have attribute ${name} once`);
  // Files from before there was a type do not say it.
  const fits = !attribute || attribute.type === type || attribute.type === AttributeType.UNDEFINED;
  check(fits, "E_FORMAT", () => {
    const [expected, got] = [type, attribute?.type ?? 0].map((t) => AttributeType[t]);
    return `expected attribute ${name} of ${describe(node)} to be of type ${expected}, got ${got}`;
  });
  return attribute;
}

export function floatOf(node: NodeProto, name: string, otherwise: number): number {
  return findAttribute(node, name, AttributeType.FLOAT)?.f ?? otherwise;
}

export function integerOf(node: NodeProto, name: string, otherwise: number): number {
  return Number(findAttribute(node, name, AttributeType.INT)?.i ?? otherwise);
}

export function integerListOf(node: NodeProto, name: string): number[] | null {
  return findAttribute(node, name, AttributeType.INTS)?.ints.map(Number) ?? null;
}

export function textOf(node: NodeProto, name: string, otherwise: string): string {
  const bytes = findAttribute(node, name, AttributeType.STRING)?.s;
  return bytes ? new TextDecoder().decode(bytes) : otherwise;
}
