export { type BatchNormFacts, diagnose, type Finding, type FindingCode } from "./diagnose.ts";
export { type Summary, summarize } from "./statistics.ts";
