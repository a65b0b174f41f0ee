/** A rank that ends takes the job down, and is named; a job goes on from its checkpoint. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeRanks, launch, type Outcome, resultsOf, temporaryFolder } from "./support/ranks.ts";

interface Result {
  from: number;
  losses: number[];
  digest: string;
  state: [name: string, values: number[]][];
}

/** Generous: a machine may be busy with other things. Without anybody who notices, a job would wait for ever. */
const SECONDS = 20;
const TRAINING = { network: "mnist", lr: 0.03, steps: 40 };

/** Kills a rank with SIGKILL when it has taken so many steps. */
async function killed(size: number, victim: number, step: number, checkpoint: string): Promise<Outcome> {
  const job = { ...TRAINING, steps: 1_000_000, checkpoint, saveEvery: 10, tell: true, out: temporaryFolder() };
  return launch(size, "training.mjs", job, {
    onLine(told) {
      if (told.rank === victim && told.step === step) process.kill(told.pid, "SIGKILL");
    },
  });
}

describeRanks("a job of which one rank", () => {
  it.each([
    [2, 1],
    [3, 0],
  ])("is killed in mid-epoch ends with its name (of %d, rank %d)", async (size, victim) => {
    const checkpoint = join(temporaryFolder(), "checkpoint.safetensors");
    const { code, err, secondsAfterLine } = await killed(size, victim, 25, checkpoint);
    expect(code).not.toBe(0);
    expect(secondsAfterLine).toBeLessThan(SECONDS);
    const sentences = err.split("\n").filter((line) => line.startsWith("batchnorm-mpi:"));
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(new RegExp(`rank ${victim} of ${size} \\(process \\d+ on .+\\) has died`));
    expect(existsSync(checkpoint)).toBe(true);
  });

  it.each([
    ["throws", /rank 1 of 2 has failed: Error: on purpose\n +at /],
    ["rejects", /rank 1 of 2 has failed: Error: on purpose\n +at /],
    ["exits", /rank 1 of 2 ended with code 0 before it closed its communicator/],
    ["returns", /rank 1 of 2 ended with code 0 before it closed its communicator/],
  ])("%s ends, and tells why", async (way, sentence) => {
    const { code, err, secondsAfterLine } = await launch(2, "leaving.mjs", { way });
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.split("the other ranks end with it")).toHaveLength(2);
    expect(secondsAfterLine).toBeLessThan(SECONDS);
  });

  it("has a program between itself and the launcher tells how to start it", async () => {
    const script = fileURLToPath(new URL("leaving.mjs", import.meta.url));
    const { code, err } = await launch(2, "through.mjs", { script });
    expect(code).toBe(1);
    expect(err).toMatch(/MpiError: expected the socket by which the launcher talks with its ranks, .* not through npx/);
    expect(err).not.toContain("PMI");
  });

  it("has another model is refused, with the layer that differs", async () => {
    const { code, err } = await launch(3, "leaving.mjs", { way: "differs" });
    expect(code).toBe(1);
    expect(err).toMatch(
      /expected all ranks to have the same in the model and its training, but rank 2 has "model\.1 BatchNorm .*\\"eps\\":0\.001.* where rank 0 has "model\.1 BatchNorm .*\\"eps\\":0\.00001/,
    );
  });
});

describeRanks("a job that was killed", () => {
  it("goes on from its checkpoint, with as many ranks or another number, and has lost only the steps since", async () => {
    const folder = temporaryFolder();
    const checkpoint = join(folder, "checkpoint.safetensors");
    await killed(3, 1, 27, checkpoint);
    const [whole] = await resultsOf<Result>(3, "training.mjs", TRAINING);
    // Nobody saves on the way: each of these begins where the killed one's last checkpoint was.
    const resumed = { ...TRAINING, checkpoint, saveEvery: 1000 };
    const [same] = await resultsOf<Result>(3, "training.mjs", resumed);
    const [fewer] = await resultsOf<Result>(2, "training.mjs", resumed);
    const [alone] = await resultsOf<Result>(0, "training.mjs", { ...resumed, alone: true });
    expect([same.from, fewer.from, alone.from]).toEqual([20, 20, 20]);
    expect(same.digest).toBe(whole.digest);
    for (const other of [fewer, alone]) {
      for (const [i, loss] of other.losses.entries()) expect(loss / whole.losses[20 + i]).toBeCloseTo(1, 6);
    }
  });
});

describe("without the right MPI", () => {
  it("says in a sentence what to install", async () => {
    const { code, err } = await launch(0, "leaving.mjs", {}, { env: { BATCHNORM_MPI: "/nowhere/libmpi.so" } });
    expect(code).toBe(1);
    expect(err).toMatch(
      /MpiError: expected the system's MPI library, found none at BATCHNORM_MPI=\/nowhere\/libmpi\.so \(.*\): install it \(Debian: apt-get install mpich\), or set BATCHNORM_MPI to its path/,
    );
  });
});

describeRanks("under another MPI's launcher", () => {
  it("says whose library it is", async () => {
    const { code, err } = await launch(0, "leaving.mjs", {}, { env: { OMPI_COMM_WORLD_SIZE: "4" } });
    expect(code).toBe(1);
    expect(err).toMatch(
      /expected the MPI library of the launcher that has started 4 ranks, got libmpi\S+ \(MPICH .*\), which knows of one/,
    );
  });
});
