// Run by faults.test.ts as one rank of several: starts the rank anew, as npx does.
import { spawnSync } from "node:child_process";

const { script } = JSON.parse(process.argv[2]);
const { status } = spawnSync(process.execPath, [script, "{}"], { stdio: "inherit" });
process.exitCode = status ?? 1;
