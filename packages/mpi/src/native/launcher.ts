/** Whether this process is what the launcher has started, and the library the launcher's. */
import { fstatSync } from "node:fs";
import { MpiError } from "../errors.ts";
import { PATH_VARIABLE } from "./library.ts";

/** Where launchers say how many ranks they have started. */
const SIZES = ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE"];

/**
 * MPICH's launcher, and Slurm, talk with each rank over a socket that the rank is born with. A program between the two that
 * starts processes as Node does leaves it out, and MPI would end the rank with words about its own insides.
 *
 * @throws MpiError E_LIBRARY
 */
export function checkSocket(environment = process.env): void {
  const { PMI_FD } = environment;
  if (PMI_FD === undefined || isSocket(Number(PMI_FD))) return;
  throw new MpiError(
    "E_LIBRARY",
    "expected the socket by which the launcher talks with its ranks, which this process was not given: have mpirun start it itself, as mpirun node file.js or mpirun node_modules/.bin/batchnorm, not through npx or npm run",
  );
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

/**
 * A library of another MPI than the launcher's takes every process for the only one.
 *
 * @throws MpiError E_LIBRARY
 */
export function checkSize(size: number, path: string, version: string, environment = process.env): void {
  const started = Math.max(...SIZES.map((name) => Number(environment[name] ?? 1)));
  if (size > 1 || started <= 1) return;
  throw new MpiError(
    "E_LIBRARY",
    `expected the MPI library of the launcher that has started ${started} ranks, got ${path} (${version}), which knows of one: set ${PATH_VARIABLE} to the launcher's library, or use the launcher of this one`,
  );
}
