/** A model's parameters and other state on a device: side by side by group, so that an optimizer moves each group at once. */
import type { Device, Place } from "../device/device.ts";
import { check } from "../errors.ts";
import type { Layer } from "../module/layer.ts";
import type { StateSlot } from "../module/state.ts";
import { copyColumns } from "../ops/combine.ts";
import type { Optimizer, ParameterGroup, WeightRun } from "../optimizers/optimizer.ts";
import { Arena } from "../plan/arena.ts";
import type { Homes } from "../plan/binder.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { Resident } from "../plan/resident.ts";
import { Scene } from "../plan/scene.ts";
import type { Emitter } from "../plan/site.ts";
import { fetchSpan, type Span, viewOf } from "../plan/step.ts";
import { formatShape } from "../tensor/shape.ts";

/** Parameters begin at multiples of 16 values, 64 bytes. */
const ALIGN = 16;

type AnyResident = Resident<Float32Array> | Resident<Float64Array>;

/** Parameters of a group one after another, trained or not. */
interface Block {
  readonly group: ParameterGroup | null;
  readonly parameters: readonly Parameter[];
  readonly region: Place["region"];
  readonly offsets: ReadonlyMap<Parameter, number>;
}

/** Trained parameters of a block that lie side by side, with their gradients and what the optimizer remembers of them. */
export interface Run extends WeightRun {
  readonly parameters: readonly Parameter[];
  /** How many values into the run each parameter begins. */
  readonly offsets: ReadonlyMap<Parameter, number>;
  readonly memory: Readonly<Record<string, Place>>;
}

export class Weights implements Homes {
  readonly #device: Device;
  readonly #model: Layer;
  readonly #optimizer: Optimizer;
  readonly #blocks: readonly Block[];
  readonly #values = new Map<Parameter, Place>();
  readonly #state = new Map<AnyResident, Place>();
  readonly #copy = { current: true };
  /** What was trainable when the runs were made. */
  #trained = "";
  #runs: readonly Run[] = [];
  /** Of parameters and state. */
  readonly #kept: Arena;
  /** Of gradients and of what the optimizer remembers. */
  #arena: Arena;
  /** What the optimizer remembers of each parameter that has been trained, by name. */
  #memory = new Map<Parameter, Record<string, Place>>();
  /** Steps that each parameter has taken. */
  #taken = new Map<Parameter, number>();

  /** @throws BatchNormError E_STATE when another trainer holds a parameter, E_VALUE when groups and model do not match */
  constructor(device: Device, model: Layer, optimizer: Optimizer) {
    this.#device = device;
    this.#model = model;
    this.#optimizer = optimizer;
    this.#kept = new Arena(device);
    this.#arena = new Arena(device);
    const all = model.parameters();
    check(all.length > 0, "E_VALUE", "Trainer", () => "expected a model with parameters, got one without");
    const state = stateOf(model);
    const free = [...all.map((p) => p.resident), ...state].every(({ home }) => home === null);
    check(free, "E_STATE", "Trainer", () => {
      return "expected a model that no other trainer holds: close() the other one first";
    });
    const groups = checkedGroups(all, optimizer.groups);
    const rest = all.filter((p) => !groups.some(({ parameters }) => parameters.includes(p)));
    this.#blocks = [
      ...groups.map((group) => this.#place(group, group.parameters)),
      ...(rest.length ? [this.#place(null, rest)] : []),
    ];
    for (const [parameter, place] of this.#values) this.#move(parameter.resident, place);
    for (const resident of state) {
      const place = { region: this.#kept.allocate(resident.data.byteLength), offset: 0 };
      this.#state.set(resident, place);
      this.#move(resident, place);
    }
    this.arrange();
  }

  #place(group: ParameterGroup | null, parameters: readonly Parameter[]): Block {
    const offsets = new Map<Parameter, number>();
    let count = 0;
    for (const parameter of parameters) {
      offsets.set(parameter, count);
      count += padded(parameter);
    }
    const { region } = this.#kept.words(count);
    for (const [parameter, offset] of offsets) this.#values.set(parameter, { region, offset });
    return { group, parameters, region, offsets };
  }

  #move(resident: AnyResident, place: Place): void {
    resident.moveTo({ device: this.#device, place, copy: this.#copy });
  }

  /** Whether other parameters are to be trained now than when the runs were made. */
  get changed(): boolean {
    return this.#trained !== this.#signature();
  }

  #signature(): string {
    let text = "";
    for (const { parameters } of this.#blocks) for (const { trainable } of parameters) text += trainable ? "1" : "0";
    return text;
  }

  /**
   * Makes room for the gradients of what is trained now, and for what the optimizer remembers of it; what it remembers
   * already is kept, also of parameters that are not trained at present.
   *
   * @throws BatchNormError E_VALUE when a trainable parameter is in no group
   */
  arrange(): void {
    this.#checkGrouped();
    const arena = new Arena(this.#device);
    const known = this.#memory;
    const memory = new Map<Parameter, Record<string, Place>>();
    const runs: Run[] = [];
    for (const block of this.#blocks) {
      const { group } = block;
      if (!group) continue;
      for (const parameters of stretches(block.parameters, (parameter) => this.#takenBy(parameter))) {
        const run = this.#run(arena, block, group, parameters);
        runs.push(run);
        for (const [parameter, offset] of run.offsets) memory.set(parameter, within(run.memory, offset));
      }
    }
    for (const [parameter, places] of known) {
      if (memory.has(parameter)) continue;
      memory.set(parameter, Object.fromEntries(Object.keys(places).map((name) => [name, arena.words(parameter.size)])));
    }
    const scene = new Scene(this.#device);
    for (const [parameter, places] of known) {
      for (const [name, from] of Object.entries(places)) {
        const to = (memory.get(parameter) as Record<string, Place>)[name];
        copyColumns(scene, 1, parameter.size, { at: from, width: parameter.size }, { at: to, width: parameter.size });
      }
    }
    scene.run();
    scene.release();
    for (const parameter of this.#values.keys()) parameter.gradientsAt(null);
    for (const { grad, offsets } of runs) {
      for (const [parameter, offset] of offsets) {
        const place = { region: grad.region, offset: grad.offset + offset };
        parameter.gradientsAt({ device: this.#device, place, copy: this.#copy });
      }
    }
    this.#arena.free();
    this.#arena = arena;
    this.#memory = memory;
    this.#runs = runs;
    this.#trained = this.#signature();
  }

  /** What is in no group has nobody who moves it. */
  #checkGrouped(): void {
    const ungrouped = this.#blocks.find(({ group }) => group === null)?.parameters ?? [];
    const lost = this.#model.namedParameters().find(([, p]) => p.trainable && ungrouped.includes(p));
    check(lost === undefined, "E_VALUE", "Trainer", () => {
      const [name, { shape }] = lost as [string, Parameter];
      return `expected every trainable parameter in one of the optimizer's groups; ${name} of shape ${formatShape(shape)} is in none`;
    });
  }

  #run(arena: Arena, block: Block, group: ParameterGroup, parameters: readonly Parameter[]): Run {
    const first = block.offsets.get(parameters[0]) as number;
    const offsets = new Map(parameters.map((p) => [p, (block.offsets.get(p) as number) - first]));
    const count = parameters.reduce((sum, p) => sum + padded(p), 0);
    const memory = Object.fromEntries(this.#optimizer.memory.map((name) => [name, arena.words(count)]));
    const weight = { region: block.region, offset: first };
    const taken = () => this.#takenBy(parameters[0]);
    return {
      group,
      weight,
      grad: arena.words(count),
      count,
      parameters,
      offsets,
      memory,
      get taken() {
        return taken();
      },
    };
  }

  #takenBy(parameter: Parameter): number {
    return this.#taken.get(parameter) ?? 0;
  }

  /** Of the parameters that are trained now, by name: how many steps each has taken. */
  get taken(): Record<string, number> {
    const trained = new Set(this.#runs.flatMap(({ parameters }) => parameters));
    const named = this.#model.namedParameters().filter(([, parameter]) => trained.has(parameter));
    return Object.fromEntries(named.map(([name, parameter]) => [name, this.#takenBy(parameter)]));
  }

  /** Goes on from such counts: the runs are made anew before the next step. */
  set taken(counts: Readonly<Record<string, number>>) {
    this.#taken = new Map(this.#model.namedParameters().map(([name, parameter]) => [parameter, counts[name] ?? 0]));
    this.#trained = "";
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Adds the optimizer's step. */
  step(emitter: Emitter): void {
    for (const run of this.#runs) this.#optimizer.step(emitter, run, run.memory);
  }

  parameter(parameter: Parameter): { value: Place; grad: Place | null } {
    const run = this.#runs.find(({ offsets }) => offsets.has(parameter));
    const offset = run?.offsets.get(parameter) ?? 0;
    const grad = run ? { region: run.grad.region, offset: run.grad.offset + offset } : null;
    return { value: placed(this.#values.get(parameter)), grad };
  }

  tensor({ resident }: { resident: Resident<Float32Array> }): Place {
    return placed(this.#state.get(resident));
  }

  counter(values: Resident<Float64Array>): Place {
    return placed(this.#state.get(values));
  }

  /** Where what the optimizer remembers is, of each parameter that is trained now: under "velocity.0.weight". */
  #remembered(): [name: string, at: Span, shape: readonly number[]][] {
    const names = this.#model.namedParameters();
    return this.#optimizer.memory.flatMap((name) =>
      names.flatMap(([path, parameter]): [string, Span, readonly number[]][] => {
        const run = this.#runs.find(({ offsets }) => offsets.has(parameter));
        if (!run) return [];
        const places = within(run.memory, run.offsets.get(parameter) as number);
        return [[`${name}.${path}`, { place: places[name], type: "f32", count: parameter.size }, parameter.shape]];
      }),
    );
  }

  /** Copies of what the optimizer remembers, by name, from a device that JavaScript cannot see into. */
  async readMemory(): Promise<ReadonlyMap<string, Float32Array>> {
    const read = async ([name, span]: [string, Span, unknown]) =>
      [name, (await fetchSpan(this.#device, span)) as Float32Array] as const;
    return new Map(await Promise.all(this.#remembered().map(read)));
  }

  /** What the optimizer remembers, for a checkpoint. @param copies  see `readMemory`; null on the CPU */
  memorySlots(copies: ReadonlyMap<string, Float32Array> | null): Record<string, StateSlot> {
    const slots = this.#remembered().map(([name, span, shape]): [string, StateSlot] => {
      const { region, offset } = span.place;
      const data = (copies ? copies.get(name) : viewOf(this.#device, span)) as Float32Array;
      const write = (values: ArrayLike<number>) => {
        this.#device.write(region, 4 * offset, Float32Array.from(values));
      };
      return [name, { shape, data, write }];
    });
    return Object.fromEntries(slots);
  }

  /** A step has been asked for: what was read back before is no longer so. */
  touched(): void {
    this.#copy.current = false;
    for (const { parameters } of this.#runs) {
      for (const parameter of parameters) this.#taken.set(parameter, this.#takenBy(parameter) + 1);
    }
  }

  /** Reads all values back. Done when it returns where JavaScript can see the device's memory. */
  async readBack(): Promise<void> {
    const gradients = [...this.#values.keys()].flatMap((parameter) => parameter.gradient ?? []);
    const all = [...[...this.#values.keys()].map((p) => p.resident), ...this.#state.keys(), ...gradients];
    await Promise.all(all.map((resident) => resident.readBack()));
    this.#copy.current = true;
  }

  /** Gives parameters and state back to their own arrays, as they were last read back. */
  release(): void {
    for (const parameter of this.#values.keys()) {
      parameter.resident.moveOut();
      parameter.gradientsAt(null);
    }
    for (const resident of this.#state.keys()) resident.moveOut();
    this.#arena.free();
    this.#kept.free();
  }
}

const padded = (parameter: Parameter) => Math.ceil(parameter.size / ALIGN) * ALIGN;

/** The same places, so many values further. */
function within(places: Readonly<Record<string, Place>>, by: number): Record<string, Place> {
  const shifted = Object.entries(places).map(([name, { region, offset }]) => [name, { region, offset: offset + by }]);
  return Object.fromEntries(shifted);
}

/** Trainable parameters that follow one another and have taken as many steps. */
function stretches(parameters: readonly Parameter[], taken: (parameter: Parameter) => number): Parameter[][] {
  const result: Parameter[][] = [];
  let before: Parameter | null = null;
  for (const parameter of parameters) {
    if (!parameter.trainable) before = null;
    else {
      if (before && taken(before) === taken(parameter)) result[result.length - 1].push(parameter);
      else result.push([parameter]);
      before = parameter;
    }
  }
  return result;
}

/** What of a model's layers is kept and is no parameter, each once. */
function stateOf(model: Layer): Set<AnyResident> {
  return new Set([...model.modules()].flatMap((layer) => Object.values(layer.ownState()).map((own) => own.resident)));
}

/** Every trainable parameter must be in exactly one group: one left out by mistake would silently not train. */
function checkedGroups(all: Parameter[], groups: readonly ParameterGroup[] | null): readonly ParameterGroup[] {
  if (!groups) return [{ parameters: all }];
  const listed = groups.flatMap((group) => group.parameters);
  const once = listed.length === new Set(listed).size && listed.every((p) => all.includes(p));
  const whole = all.every((p) => !p.trainable || listed.includes(p));
  check(once && whole, "E_VALUE", "Trainer", () => {
    const trainable = all.filter((p) => p.trainable).length;
    const got = `${listed.length} in ${groups.length} groups`;
    return `expected the ${trainable} trainable parameters of the model, each in one group, got ${got}`;
  });
  return groups;
}

/** @throws BatchNormError E_STATE for what was not in the model when the trainer was made */
function placed(place: Place | undefined): Place {
  check(place !== undefined, "E_STATE", "Trainer", () => {
    return "expected the layers that the trainer was made with, got another: close() it, change the model, make a new one";
  });
  return place;
}
