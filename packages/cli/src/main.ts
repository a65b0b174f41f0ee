#!/usr/bin/env node
import { CommanderError } from "commander";
import { program } from "./commands/program.ts";
import { InputError, InterruptedError } from "./errors.ts";

// A reader that has seen enough, such as head, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

/** Exit codes: 0 done, 1 failure, 2 bad input or usage, 130 interrupted. */
try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}

function exitCode(error: unknown): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InputError) return say(error.message, 2);
  if (error instanceof InterruptedError) return say(error.message, 130);
  const { code, message, stack } = error as NodeJS.ErrnoException;
  // The system's refusals, such as a full disk, say enough; anything else is a fault to be found.
  return say(code?.startsWith("E") ? message : (stack ?? String(error)), 1);
}

function say(message: string, code: number): number {
  process.stderr.write(`batchnorm: ${message}\n`);
  return code;
}
