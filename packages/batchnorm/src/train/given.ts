/** Whether a trainer was given what it works with: from JavaScript, or by a slip, it may be anything. */
import { Dataset } from "../data/dataset.ts";
import { check } from "../errors.ts";
import { Layer } from "../module/layer.ts";
import { nameOf } from "../tensor/arrays.ts";

/** @throws BatchNormError E_VALUE for what is no model, optimizer, loss, schedule or device */
export function checkParts(model: unknown, parts: Record<"optimizer" | "loss" | "schedule" | "device", unknown>): void {
  // A function has a `bind`, too.
  const has = (value: unknown, method: string) =>
    typeof value === "object" && typeof (value as Record<string, unknown> | null)?.[method] === "function";
  const { optimizer, loss, schedule, device } = parts;
  demand(model instanceof Layer, "a model made of this library's layers", model);
  demand(has(optimizer, "step"), "an optimizer, such as new SGD({ lr: 0.1 })", optimizer);
  demand(has(loss, "bind"), "a loss, such as crossEntropy()", loss);
  demand(typeof schedule === "function", "a schedule, such as cosine({ steps: 10_000 })", schedule);
  demand(device === undefined || has(device, "allocate"), "a device, such as new WasmDevice({ threads: 2 })", device);
}

function demand(good: boolean, what: string, got: unknown): void {
  check(good, "E_VALUE", "Trainer", () => `expected ${what}, got ${nameOf(got)}`);
}

/** @throws BatchNormError E_VALUE for what is no data set */
export function checkDataset(where: string, data: unknown): void {
  check(data instanceof Dataset, "E_VALUE", where, () => {
    return `expected a Dataset (new Dataset({ data, shape, labels })), got ${nameOf(data)}`;
  });
}
