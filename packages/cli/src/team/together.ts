import { MpiError } from "batchnorm-mpi";
import { InputError, InterruptedError } from "../errors.ts";
import { ALONE, type Team } from "./team.ts";

/** Carries out a command on one process, or with `--mpi` on all that mpirun has started. */
export async function together(mpi: boolean | undefined, work: (team: Team) => Promise<void>): Promise<void> {
  if (!mpi) return work(ALONE);
  const { mpiTeam } = await import("./mpi.ts");
  const team = await mpiTeam();
  try {
    await work(team);
  } catch (error) {
    if (!endsInOrder(error)) throw error;
    // All of them end so. The one that leads tells the user; another that ended with a code would have it killed before.
    team.close();
    if (!team.leads) return;
    throw error instanceof MpiError ? new InputError(error.message, { cause: error }) : error;
  }
  team.close();
}

/** What is thrown on all ranks alike. Anything else ends the job from one rank. */
function endsInOrder(error: unknown): error is Error {
  if (error instanceof MpiError) return error.code === "E_AGREE";
  return error instanceof InputError || error instanceof InterruptedError;
}
