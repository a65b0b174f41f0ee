/**
 * Who makes and who reads each value of a graph, kept up to date while nodes and constants are replaced.
 *
 * Values of graphs around it can be read. What graphs within it read counts as read by the node that holds them.
 */
import { create } from "@bufbuild/protobuf";
import { type GraphProto, type NodeProto, type TensorProto, type ValueInfoProto, ValueInfoProtoSchema } from "onnx-buf";
import { check, OnnxError } from "../errors.ts";
import { describe, isOperator } from "./attributes.ts";
import { constantNode, setTensor, tensorOf } from "./constant.ts";
import { annotatedIn, namesRead, nestedIn } from "./nested.ts";
import { isRefusal, type Refusal, refuse } from "./refusal.ts";
import { shapeOf } from "./tensor.ts";

/** What the graphs of a model share. */
export interface ModelContext {
  /** The version of ONNX's operators. */
  readonly opset: number;
  readonly irVersion: number;
  /** Every name that is taken, in all graphs. */
  readonly names: Set<string>;
}

/** IR 3 lists every initializer among the inputs, which makes it no less a constant; IR 4 lists those one may override. */
const FIRST_IR_WITH_OVERRIDABLE_INITIALIZERS = 4;

export class Graph {
  readonly proto: GraphProto;
  readonly context: ModelContext;
  readonly parent: Graph | null;
  /** Names of constants that had a reader fewer. */
  readonly released = new Set<string>();
  readonly #inputs: Set<string>;
  readonly #outputs: Set<string>;
  readonly #initializers = new Map<string, TensorProto>();
  readonly #sparse: Set<string>;
  readonly #makers = new Map<string, NodeProto>();
  readonly #readers = new Map<string, NodeProto[]>();
  /** Names in quantization annotations, which say more about a tensor than its values. */
  readonly #annotated: Set<string>;
  readonly #removed = new Set<NodeProto>();
  readonly #gone = new Set<string>();
  readonly #first: NodeProto[] = [];
  readonly #addedInputs: TensorProto[] = [];
  readonly #following = new Map<NodeProto, NodeProto[]>();

  /**
   * @param proto  belongs to this object from now on; `commit` writes it
   * @throws       OnnxError E_FORMAT when a value is made twice, or read before it is made
   */
  constructor(proto: GraphProto, context: ModelContext, parent: Graph | null = null) {
    this.proto = proto;
    this.context = context;
    this.parent = parent;
    this.#inputs = new Set(proto.input.map(({ name }) => name));
    this.#outputs = new Set(proto.output.map(({ name }) => name));
    this.#sparse = new Set(proto.sparseInitializer.map(({ values }) => values?.name ?? ""));
    this.#annotated = new Set(annotatedIn(proto));
    for (const tensor of proto.initializer) this.#initializers.set(tensor.name, tensor);
    const unique = this.#inputs.size === proto.input.length && this.#initializers.size === proto.initializer.length;
    check(unique, "E_FORMAT", () => "expected inputs and initializers with names of their own, got one twice");
    for (const node of proto.node) {
      this.#register(node);
      for (const name of node.output) if (name) this.#define(name, node);
    }
  }

  /** The node of this graph that makes a value. */
  maker(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }

  /** The nodes that read a value, one as often as it does. */
  readers(name: string): readonly NodeProto[] {
    return this.#readers.get(name) ?? [];
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** Whether a value is made, given or stored in this graph itself. */
  has(name: string): boolean {
    return this.#makers.has(name) || this.#inputs.has(name) || this.#initializers.has(name) || this.#sparse.has(name);
  }

  /** The tensor of a value that is the same in every run, or why it is none. */
  constant(name: string): { readonly tensor: TensorProto } | Refusal {
    const source = this.#source(name);
    const maker = this.#makers.get(source);
    if (maker) {
      const given = isOperator(maker, "Constant") ? tensorOf(maker) : null;
      return given ? { tensor: given } : refuse(`"${source}" comes from ${describe(maker)}`);
    }
    const tensor = this.#initializers.get(source);
    if (tensor && !this.#isOverridable(source)) return { tensor };
    if (tensor) return refuse(`"${source}" is an input too, so that a run may override it`);
    if (this.#inputs.has(source)) return refuse(`"${source}" is an input`);
    if (this.#sparse.has(source)) return refuse(`"${source}" is a sparse tensor`);
    return this.parent?.constant(source) ?? refuse(`"${source}" is made by nothing`);
  }

  setInput(node: NodeProto, slot: number, name: string): void {
    while (node.input.length <= slot) node.input.push("");
    this.#unread(node, node.input[slot]);
    node.input[slot] = name;
    this.#read(node, name);
  }

  /** Renames what a node makes; nothing may read the old name any more. */
  setOutput(node: NodeProto, slot: number, name: string): void {
    this.#forget(node.output[slot]);
    node.output[slot] = name;
    this.#makers.set(name, node);
  }

  remove(node: NodeProto): void {
    this.#removed.add(node);
    for (const name of node.input) this.#unread(node, name);
    for (const name of node.output) this.#forget(name);
  }

  /** Puts a node after another, and after those put there before. What it reads is there already. */
  insertAfter(node: NodeProto, added: NodeProto): void {
    this.#following.set(node, [...(this.#following.get(node) ?? []), added]);
    this.#register(added);
    this.#makers.set(added.output[0], added);
  }

  /**
   * Gives a node another constant in one of its inputs: under the same name where the node alone reads it and the shape
   * is the same, else under a new one, so that other readers keep theirs.
   */
  replaceConstant(node: NodeProto, slot: number, tensor: TensorProto): void {
    const name = node.input[slot] ?? "";
    if (!this.#ownsAlone(name, tensor)) {
      this.setInput(node, slot, this.addConstant(tensor, name || tensor.name));
      return;
    }
    const maker = this.#makers.get(name);
    if (maker) setTensor(maker, tensor);
    else this.#initializers.set(name, tensor);
  }

  /**
   * Adds a constant under a new name, which it returns: an initializer. In IR 3 it has to be among the inputs too; inner
   * graphs, whose inputs are given to them, get a Constant node there.
   */
  addConstant(tensor: TensorProto, like: string): string {
    tensor.name = this.freshName(like);
    const isOld = this.context.irVersion < FIRST_IR_WITH_OVERRIDABLE_INITIALIZERS;
    if (isOld && this.parent) {
      const node = constantNode(tensor);
      this.#first.push(node);
      this.#makers.set(tensor.name, node);
    } else {
      this.#initializers.set(tensor.name, tensor);
      if (isOld) this.#addedInputs.push(tensor);
    }
    return tensor.name;
  }

  /** A name that no value of the model has, like this one. */
  freshName(like: string): string {
    const { names } = this.context;
    let name = like;
    for (let n = 1; names.has(name); n++) name = `${like}_${n}`;
    names.add(name);
    return name;
  }

  /** Writes nodes, initializers and the list of values as they are now. */
  commit(): void {
    const { proto } = this;
    const all = proto.node.flatMap((node) => [node, ...(this.#following.get(node) ?? [])]);
    proto.node = [...this.#first, ...all.filter((node) => !this.#removed.has(node))];
    proto.initializer = [...this.#initializers.values()];
    proto.input = [...proto.input, ...this.#addedInputs.map(inputFor)];
    proto.valueInfo = proto.valueInfo.filter(({ name }) => this.has(name) || !this.#gone.has(name));
  }

  #forget(name: string): void {
    this.#makers.delete(name);
    this.#gone.add(name);
  }

  #ownsAlone(name: string, { dims }: TensorProto): boolean {
    const answer = this.constant(name);
    if (isRefusal(answer) || this.readers(name).length !== 1) return false;
    if (this.#outputs.has(name) || this.#annotated.has(name)) return false;
    const maker = this.#makers.get(name);
    const here = maker ? isOperator(maker, "Constant") : this.#initializers.has(name);
    return here && shapeOf(answer.tensor).dims.join() === dims.join();
  }

  #isOverridable(name: string): boolean {
    return this.context.irVersion >= FIRST_IR_WITH_OVERRIDABLE_INITIALIZERS && this.#inputs.has(name);
  }

  /** The value that Identity nodes give on under this name. */
  #source(name: string): string {
    let source = name;
    for (let maker = this.#makers.get(name); maker && isOperator(maker, "Identity"); maker = this.#makers.get(source)) {
      source = maker.input[0] ?? "";
    }
    return source;
  }

  #define(name: string, node: NodeProto): void {
    if (this.has(name)) throw new OnnxError("E_FORMAT", `expected every value to be made once, got "${name}" twice`);
    this.#makers.set(name, node);
  }

  #register(node: NodeProto): void {
    for (const name of node.input) {
      const made = !name || this.#reaches(name);
      check(made, "E_FORMAT", () => `${describe(node)} reads "${name}", which nothing before it makes`);
      this.#read(node, name);
    }
    for (const { graph } of nestedIn(node)) for (const name of namesRead(graph)) this.#read(node, name);
  }

  #reaches(name: string): boolean {
    return this.has(name) || (this.parent ? this.parent.#reaches(name) : false);
  }

  #read(node: NodeProto, name: string): void {
    if (!name) return;
    const readers = this.#readers.get(name);
    if (readers) readers.push(node);
    else this.#readers.set(name, [node]);
  }

  #unread(node: NodeProto, name: string): void {
    const readers = this.#readers.get(name);
    if (!readers?.includes(node)) return;
    readers.splice(readers.indexOf(node), 1);
    this.released.add(name);
  }
}

/** The entry among the inputs that goes with an initializer in IR 3. */
function inputFor({ name, dataType, dims }: TensorProto): ValueInfoProto {
  const shape = { dim: dims.map((value) => ({ value: { case: "dimValue" as const, value } })) };
  const type = { value: { case: "tensorType" as const, value: { elemType: dataType, shape } } };
  return create(ValueInfoProtoSchema, { name, type });
}
