import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Communicator } from "./communicator.ts";
import { MpiError } from "./errors.ts";
import { endTogether } from "./job/ends.ts";
import { beWatched, startWatcher } from "./job/watch.ts";
import { constantsOf } from "./native/constants.ts";
import { Native } from "./native/functions.ts";
import { checkSize, checkSocket } from "./native/launcher.ts";
import { findLibrary } from "./native/library.ts";

let connected = false;

/**
 * All ranks of the job that this process was started in, by `mpirun` or `srun`; a process that nobody started so is the
 * only rank of its own. Once a process.
 *
 * From here to `close`, a rank that ends for whatever reason ends the job, with a sentence that names it.
 *
 * @throws MpiError E_LIBRARY without MPI, with another than the launcher's, or out of the launcher's reach; E_AGREE when
 *         ranks run different versions; E_STATE when called again
 */
export async function connect(): Promise<Communicator> {
  if (connected) throw new MpiError("E_STATE", "expected connect() once a process; use the communicator it gave");
  const { library, path } = await findLibrary();
  const native = new Native(library, constantsOf(library));
  checkSocket();
  connected = true;
  const place = native.init();
  checkSize(place.size, path, native.version);
  const who = `rank ${place.rank} of ${place.size}`;
  const machine = createHash("sha256").update(hostname()).digest().readUIntBE(0, 6);
  const ends = { done: () => {} };
  const comm = new Communicator(native, { ...place, machine }, () => ends.done());
  const job = Buffer.from(comm.broadcastBytes(randomBytes(8))).toString("hex");
  if (comm.firstHere) await startWatcher(job, comm.local);
  comm.barrier();
  const watch = await beWatched(job, `${who} (process ${process.pid} on ${hostname()}) has died`);
  ends.done = endTogether({ who, watch, abort: (code) => native.abort(code) });
  comm.agree("the versions", versions());
  return comm;
}

function versions(): string {
  const { version, dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return `batchnorm-mpi ${version}\nbatchnorm ${dependencies.batchnorm}`;
}
