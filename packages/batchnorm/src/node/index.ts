export { loadCheckpoint, saveCheckpoint, writeAtomically } from "./files.ts";
