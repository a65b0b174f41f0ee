/** The direction of imports: a file may import from its own folder and from folders before it, types included. */
import { readdirSync, readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));

/** From the first that may be imported by all to the last that may import all. Folders, or files beside them. */
const orders = {
  "batchnorm/src": [
    "platform",
    "errors",
    "options",
    "tensor",
    "device",
    "kernels",
    "wasm",
    "reference",
    "plan",
    "ops",
    "calls",
    "module",
    "layers",
    "formats",
    "optimizers",
    "losses",
    "data",
    "shards",
    "transform",
    "inference",
    "diagnose",
    "models",
    "train",
    "extend",
    "node",
    "index",
  ],
  "mpi/src": ["errors", "native", "job", "communicator", "connect", "index"],
  "onnx/src": ["errors", "model", "fold", "verify", "recalibrate", "index"],
  "cli/src": [
    "errors",
    "words",
    "version",
    "modelfile",
    "team",
    "datasets",
    "training",
    "results",
    "runs",
    "networks",
    "report",
    "experiments",
    "train",
    "inspect",
    "inputs",
    "recalibrate",
    "terminal",
    "commands",
    "main",
  ],
  "web/src": ["errors", "words", "state", "data", "network", "worker", "charts", "panels", "main"],
};

/** What each file imports of the others, by path. */
function importsOf(folder: string): Map<string, string[]> {
  const root = resolve(packages, folder);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(
    files.map((file) => {
      const text = readFileSync(resolve(root, file), "utf8");
      const paths = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) => path);
      const own = file.replaceAll("\\", "/");
      return [own, paths.map((path) => posix.join(posix.dirname(own), path))];
    }),
  );
}

/** The folder below src, or for a file there its name. */
const part = (file: string) => file.split("/")[0].replace(/\.ts$/, "");

function findCycle(graph: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}

describe.each(Object.entries(orders))("packages/%s", (folder, order) => {
  const graph = importsOf(folder);

  it("has only folders that have their place in the order", () => {
    expect(graph.size).toBeGreaterThan(8);
    expect([...new Set([...graph.keys()].map(part))].sort()).toEqual([...order].sort());
  });

  it("imports nothing from folders that come later", () => {
    const upwards = [...graph].flatMap(([file, paths]) =>
      paths
        .filter((path) => !(order.indexOf(part(path)) <= order.indexOf(part(file))))
        .map((path) => `${file} imports ${path}`),
    );
    expect(upwards).toEqual([]);
  });

  it("imports only files that are there, in no circle", () => {
    const lost = [...graph].flatMap(([file, paths]) => paths.filter((p) => !graph.has(p)).map((p) => `${file}: ${p}`));
    expect(lost).toEqual([]);
    expect(findCycle(graph)).toBeNull();
  });
});

it("experiments import nothing of each other", () => {
  const folder = (file: string) => file.split("/").slice(0, 2).join("/");
  const across = [...importsOf("cli/src")].flatMap(([file, paths]) =>
    paths
      .filter((path) => /^experiments\/[^/]+\//.test(file) && /^experiments\/([^/]+\/|index\.ts$)/.test(path))
      .filter((path) => folder(path) !== folder(file))
      .map((path) => `${file} imports ${path}`),
  );
  expect(across).toEqual([]);
});

it("assembly/simd.ts alone names vector intrinsics", () => {
  const folder = resolve(packages, "batchnorm/assembly");
  const naming = readdirSync(folder).filter((file) =>
    /\b(v128|[if](8x16|16x8|32x4|64x2))\b/.test(readFileSync(resolve(folder, file), "utf8")),
  );
  expect(naming).toEqual(["simd.ts"]);
});
