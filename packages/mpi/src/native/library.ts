/** The system's MPI library: whichever is there. */
import { MpiError } from "../errors.ts";

type Koffi = typeof import("koffi");
export type Library = ReturnType<Koffi["load"]>;

/** By which names libraries are known: MPICH (Debian's), all of MPICH's ABI (Intel MPI, MVAPICH, Cray), Open MPI. */
const NAMES = ["libmpich.so.12", "libmpi.so.12", "libmpi.so.40"];

/** What tells the library's path, where it is not among those that the system finds by name. */
export const PATH_VARIABLE = "BATCHNORM_MPI";

/**
 * Settings of UCX, by which MPICH reaches the network, where the user has set no others. Its handlers of signals would take
 * the place of V8's. Its hooks in the allocator of memory, which serve network cards, ended one job in a few hundred with a
 * segmentation fault inside V8; without them there was none.
 */
const UCX = { UCX_ERROR_SIGNALS: "SIGILL,SIGBUS,SIGFPE", UCX_MEM_EVENTS: "n" };

export interface Found {
  readonly library: Library;
  /** The name or path by which it was found. */
  readonly path: string;
}

/** Variables by name, as `process.env` has them. */
type Environment = Record<string, string | undefined>;

/** @throws MpiError E_LIBRARY when there is none */
export async function findLibrary(environment: Environment = process.env): Promise<Found> {
  const { default: koffi } = await import("koffi");
  for (const [name, value] of Object.entries(UCX)) environment[name] ??= value;
  const told = environment[PATH_VARIABLE];
  const names = told ? [told] : inOrder(environment);
  const reasons: Error[] = [];
  for (const path of names) {
    try {
      // Open MPI loads parts of its own, which look for its symbols.
      return { library: koffi.load(path, { lazy: true, global: true }), path };
    } catch (error) {
      reasons.push(error as Error);
    }
  }
  const where = told ? `at ${PATH_VARIABLE}=${told} (${reasons[0].message})` : `as ${names.join(" or ")}`;
  throw new MpiError(
    "E_LIBRARY",
    `expected the system's MPI library, found none ${where}: install it (Debian: apt-get install mpich), or set ${PATH_VARIABLE} to its path`,
    { cause: reasons[0] },
  );
}

/** Open MPI's first, where Open MPI started this process. */
function inOrder(environment: Environment): string[] {
  return environment.OMPI_COMM_WORLD_SIZE === undefined ? NAMES : NAMES.toReversed();
}
