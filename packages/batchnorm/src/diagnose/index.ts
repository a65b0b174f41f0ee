export { type BatchNormFacts, diagnose, type Finding, type FindingCode } from "./diagnose.ts";
export { type BatchNormKeys, batchNormKeys } from "./statedict.ts";
export { type Summary, summarize } from "./statistics.ts";
