/** Interruptions while fetching and storing, and the official files from a folder. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "batchnorm/node";
import { describe, expect, test } from "vitest";
import { InterruptedError } from "#dist/errors.js";
import { binaryFile, onlyFirst, packageFiles, when, withRanges, writeBinaryFiles } from "../support/cifar.ts";
import { expectStored, folder, given, inCache, part, refusal, sizeOf } from "../support/cifarcache.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("an interruption", () => {
  const kept = /^Interrupted\. What was fetched is kept, the same command goes on from there\.$/;

  test("while fetching keeps what came", async () => {
    let wait = true;
    const { run, requests } = await given(packageFiles(), (bytes) => (request, response) => {
      (wait ? onlyFirst(bytes, 5000) : withRanges(bytes))(request, response);
    });
    const interrupt = new AbortController();
    when(() => sizeOf(part) === 5000).then(() => interrupt.abort());
    await refusal(run({ signal: interrupt.signal }), kept, InterruptedError);
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
    wait = false;
    await run();
    expect(requests[1]).toMatch(/ bytes=5000-$/);
    await expectStored();
  });

  test.each([["Fetching"], ["Converting"]])("at the stage of %s stores nothing", async (stage) => {
    const { run, requests } = await given();
    const interrupt = new AbortController();
    const note = (line: string) => {
      if (line.startsWith(stage)) interrupt.abort();
    };
    await refusal(run({ signal: interrupt.signal, note }), kept, InterruptedError);
    expect(inCache()).toEqual(stage === "Converting" ? ["small-1.0.0.tgz.part"] : []);
    await run();
    expect(requests).toHaveLength(1);
    await expectStored();
  });

  test("while storing leaves none of the files", async () => {
    const { run } = await given();
    const interrupt = new AbortController();
    const write = async (path: string, content: Uint8Array | string) => {
      await writeAtomically(path, content);
      interrupt.abort();
    };
    await refusal(run({ signal: interrupt.signal, write }), kept, InterruptedError);
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
  });
});

describe("from a folder", () => {
  test("the official files are copied", async () => {
    const { run, requests } = await given();
    const directory = join(temporaryFolder(), "cifar-10-batches-bin");
    writeBinaryFiles(directory);
    expect(await run({ directory })).toEqual({ folder, already: false, trainingImages: 10, testImages: 10 });
    expect(requests).toEqual([]);
    await expectStored();
  });

  test("the files of the cache itself are stored anew by force", async () => {
    const { run } = await given();
    await run();
    expect(await run({ directory: folder, force: true })).toMatchObject({ already: false });
    await expectStored();
  });

  test("other counts than those of CIFAR-10 are refused, and what is there stays", async () => {
    const { run } = await given();
    await run();
    const directory = temporaryFolder();
    writeBinaryFiles(directory);
    writeFileSync(join(directory, "test_batch.bin"), binaryFile(5, 9));
    await refusal(
      run({ directory, force: true }),
      /: expected 1 test images of each class, got 0 of class 4 \(deer\); a subset needs no storing/,
    );
    await expectStored();
  });

  test("a missing file is named", async () => {
    const { run } = await given();
    await refusal(run({ directory: temporaryFolder() }), /found no data_batch_1\.bin/);
    expect(inCache()).toEqual([]);
  });

  test("an interruption stores nothing", async () => {
    const { run } = await given();
    const directory = temporaryFolder();
    writeBinaryFiles(directory);
    await refusal(
      run({ directory, signal: AbortSignal.abort() }),
      /^Interrupted\. Nothing was stored\.$/,
      InterruptedError,
    );
    expect(inCache()).toEqual([]);
  });
});
