import type { Library } from "./library.ts";

/** What mpi.h defines, and every family of MPI otherwise. */
export interface Constants {
  /** The C type of a handle: an integer, or the address of an object. */
  readonly handle: "int" | "void *";
  readonly world: unknown;
  readonly float: unknown;
  readonly double: unknown;
  readonly byte: unknown;
  readonly sum: unknown;
  readonly inPlace: bigint;
  readonly statusIgnore: bigint;
}

/** MPICH's ABI, which Intel MPI, MVAPICH and Cray's MPI keep to. */
const MPICH: Constants = {
  handle: "int",
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: -1n,
  statusIgnore: 1n,
};

/** Handles are addresses of objects that the library exports. */
function openMpi(library: Library): Constants {
  return {
    handle: "void *",
    world: library.symbol("ompi_mpi_comm_world"),
    float: library.symbol("ompi_mpi_float"),
    double: library.symbol("ompi_mpi_double"),
    byte: library.symbol("ompi_mpi_byte"),
    sum: library.symbol("ompi_mpi_op_sum"),
    inPlace: 1n,
    statusIgnore: 0n,
  };
}

export function constantsOf(library: Library): Constants {
  let isOpenMpi = true;
  try {
    library.symbol("ompi_mpi_comm_world");
  } catch {
    isOpenMpi = false;
  }
  return isOpenMpi ? openMpi(library) : MPICH;
}
