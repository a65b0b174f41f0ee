export { loadCheckpoint, saveCheckpoint, writeAtomically } from "./files.ts";
export { SafetensorsFile } from "./safetensors.ts";
