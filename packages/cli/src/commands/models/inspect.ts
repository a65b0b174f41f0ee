import { writeAtomically } from "batchnorm/node";
import { inspectFile } from "../../inspect/files.ts";
import { faults } from "../../inspect/inspection.ts";
import { inspectionJson } from "../../inspect/json.ts";
import { inspectionLines } from "../../inspect/lines.ts";
import { inspectionPage } from "../../inspect/page.ts";
import { version } from "../../version.ts";

export interface InspectOptions {
  readonly json?: boolean;
  readonly html?: string;
  readonly eps?: number;
  readonly strict?: boolean;
}

/** Says what is wrong with the batch norms of a model; the exit code is 1 where something is. */
export async function inspectCommand(model: string, options: InspectOptions): Promise<void> {
  const inspection = await inspectFile(model, options.eps);
  if (options.html) await writeAtomically(options.html, inspectionPage(inspection, version()));
  process.stdout.write(options.json ? inspectionJson(inspection) : `${inspectionLines(inspection).join("\n")}\n`);
  if (options.html && !options.json) process.stdout.write(`Report: ${options.html}\n`);
  if (faults(inspection, options.strict ?? false) > 0) process.exitCode = 1;
}
