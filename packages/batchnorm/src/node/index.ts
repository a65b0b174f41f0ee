export type { Dtype } from "../formats/dtypes.ts";
export { readSafetensors, type SafeTensor, type SafeTensors, writeSafetensors } from "../formats/safetensors.ts";
export { loadCheckpoint, saveCheckpoint, writeAtomically } from "./files.ts";
export { SafetensorsFile } from "./safetensors.ts";
