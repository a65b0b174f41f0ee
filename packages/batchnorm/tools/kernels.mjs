// Compiles assembly/ twice, with and without relaxed SIMD, and writes both as one module: src/kernels/builds.gen.ts.
// Before that it writes what comes from the contract: assembly/*.gen.ts and src/kernels/arguments.gen.ts.
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { constants, dispatch, loadContract, structs, table } from "./contract.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
const options = [
  "-O3 --converge --noAssert --runtime stub --importMemory --sharedMemory --noExportMemory",
  // The engine makes the memory; these are the widest limits that accept it.
  "--initialMemory 1 --maximumMemory 65536 --enable simd --enable threads",
  // "Exchange of v128 values": only between our own files.
  "--disableWarning 112",
]
  .join(" ")
  .split(" ");

const SLICES = 8;

/** Where each of some pieces ends when they are put one after another. */
function ends(pieces) {
  let end = 0;
  return pieces.map(({ length }) => (end += length));
}

/** Whole or not at all: another process may be reading it. */
async function write(path, text) {
  const target = join(here, path);
  await writeFile(`${target}.tmp`, text);
  await rename(`${target}.tmp`, target);
}

const contract = await loadContract();

async function compile(folder, name, flags) {
  await write("assembly/limits.gen.ts", constants(contract, name));
  const file = join(folder, `${name}.wasm`);
  const { error, stderr } = await asc.main(["assembly/index.ts", "--baseDir", here, "-o", file, ...options, ...flags]);
  if (error) throw new Error(`assembly/ does not compile (${name}): ${error.message}\n${stderr}`);
  return readFile(file);
}

await write("assembly/structs.gen.ts", structs(contract));
await write("assembly/dispatch.gen.ts", dispatch(contract));
await write("src/kernels/arguments.gen.ts", table(contract));
const folder = await mkdtemp(join(tmpdir(), "kernels-"));
try {
  const simd = await compile(folder, "simd", []);
  const relaxed = await compile(folder, "relaxed", ["--enable", "relaxed-simd"]);
  // In slices, one of each in turn: the builds differ little, and a slice is found again in the 32 KB that inflate sees.
  const slice = (build, i) => build.subarray((i * build.length) / SLICES, ((i + 1) * build.length) / SLICES);
  const inTurn = Array.from({ length: SLICES }, (_, i) => [slice(simd, i), slice(relaxed, i)]).flat();
  const deflated = deflateRawSync(Buffer.concat(inTurn), { level: 9 }).toString("base64");
  const text = `// Generated from assembly/ by tools/kernels.mjs: both builds in slices, one of each in turn, deflated.
export const sliceEnds = ${JSON.stringify(ends(inTurn))};
export const deflated = "${deflated}";
`;
  await write("src/kernels/builds.gen.ts", text);
} finally {
  await rm(folder, { recursive: true });
}
