// The scripts of package.json: each does all of its own set-up, and only what has changed since the last time.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = join(root, "packages/batchnorm");
const web = join(root, "packages/web");
const stamps = join(root, "node_modules/.stamps");

function run(command, args, options = {}) {
  // npm is a script on some systems and a .cmd on others; Node runs npm's own file on all.
  const npm = process.env.npm_execpath;
  const [program, all] =
    command === "npm" && npm?.endsWith(".js") ? [process.execPath, [npm, ...args]] : [command, args];
  const { status, signal, error } = spawnSync(program, all, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  if (signal) process.exit(130);
  if (status) process.exit(status);
}

const node = (script, ...args) => run(process.execPath, [script, ...args]);
const tool = (name, ...args) => node(join(root, "node_modules", name), ...args);

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (!path.endsWith(".gen.ts")) yield path;
  }
}

/** Does the work unless it was done before for files with the same content; what the work itself generates aside. */
function once(name, paths, work) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((p) => (statSync(p).isDirectory() ? [...filesIn(p)].sort() : [p]))) {
    hash.update(path).update(readFileSync(path));
  }
  const digest = hash.digest("hex");
  const stamp = join(stamps, name);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  work();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, digest);
}

function forget(name) {
  rmSync(join(stamps, name), { force: true });
}

function install() {
  // Not `npm ci`: it insists on the lock naming every platform of an optional package, also where a registry lacks some.
  once("install", [join(root, "package-lock.json")], () =>
    run("npm", ["install", "--no-save", "--no-audit", "--no-fund"]),
  );
}

function build() {
  install();
  const generated = [
    "assembly/structs",
    "assembly/dispatch",
    "assembly/limits",
    "src/kernels/arguments",
    "src/kernels/builds",
  ];
  const sources = ["assembly", "src/kernels/contract", "tools"].map((path) => join(library, path));
  const kernels = () => node(join(library, "tools/kernels.mjs"));
  if (!generated.every((path) => existsSync(join(library, `${path}.gen.ts`)))) forget("kernels");
  once("kernels", sources, kernels);
  tool("typescript/bin/tsc", "-b", "packages/batchnorm", "packages/onnx", "packages/mpi", "packages/cli");
}

/** The page of packages/web, as files for any host. */
function buildLab() {
  const own = ["src", "public", "tools", "index.html", "vite.config.mjs", "tsconfig.json"].map((path) =>
    join(web, path),
  );
  if (!existsSync(join(web, "dist/index.html"))) forget("lab");
  once("lab", [...own, join(library, "dist"), join(root, "package-lock.json")], () => {
    tool("typescript/bin/tsc", "-p", "packages/web");
    tool("vite/bin/vite.js", "build", "packages/web", "--logLevel", "warn");
  });
}

const [script, ...args] = process.argv.slice(2);
const scripts = {
  build() {
    build();
    buildLab();
  },
  start() {
    build();
    node(join(root, "packages/cli/dist/main.js"), "reproduce", "figure1", ...args);
  },
  check() {
    build();
    tool("typescript/bin/tsc", "-p", "tsconfig.test.json");
    tool("typescript/bin/tsc", "-p", "packages/web");
    tool("@biomejs/biome/bin/biome", "check", ".");
  },
  test() {
    build();
    buildLab();
    tool("vitest/vitest.mjs", "run", ...args);
  },
  bench() {
    build();
    const bench = join(root, "bench");
    if (!existsSync(join(bench, "node_modules"))) forget("bench");
    once("bench", [join(bench, "package-lock.json")], () =>
      run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: bench }),
    );
    node(join(root, "bench/main.mjs"), ...args);
  },
  lab() {
    build();
    buildLab();
    tool("vite/bin/vite.js", "preview", "packages/web", ...args);
  },
};
scripts[script]();
