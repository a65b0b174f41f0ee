// What is generated from src/kernels/contract: the structs and constants of assembly/, the library's table of arguments.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The contract as a module. It is TypeScript, which Node 20 cannot import. */
export async function loadContract() {
  const entry = fileURLToPath(new URL("../src/kernels/contract/index.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const source = "// Generated from src/kernels/contract by tools/kernels.mjs.\n";

/** One class a struct: its fields in their order, with what they hold; where kernels that share it differ, for each. */
export function structs({ specification, typeOf }) {
  const kernels = groupBy(Object.entries(specification), ([, { struct }]) => struct);
  const classes = [...kernels].map(([struct, sharing]) => {
    const [[first, { args }], ...others] = sharing;
    const fields = Object.entries(args).map(([field, argument], i) => {
      const texts = [describe(argument, typeOf)];
      for (const [name, other] of others) {
        const [otherField, otherArgument] = Object.entries(other.args)[i] ?? [];
        const type = otherArgument && wasmType(typeOf(otherArgument));
        if (otherField !== field || type !== wasmType(typeOf(argument))) {
          throw new Error(`${name} and ${first} share the struct ${struct}, but differ in their argument ${i}`);
        }
        const text = describe(otherArgument, typeOf);
        if (!texts.includes(text) && !texts.includes(`${name}: ${text}`)) texts.push(`${name}: ${text}`);
      }
      const comment = texts.filter(Boolean).join("; ");
      return `  ${field}: ${wasmType(typeOf(argument))} = 0;${comment && ` // ${comment}`}\n`;
    });
    for (const [name, other] of others) {
      if (Object.keys(other.args).length !== fields.length) throw new Error(`${name}: the struct ${struct} is longer`);
    }
    return `/** ${sharing.map(([name]) => name).join(", ")} */\n@unmanaged\nexport class ${struct} {\n${fields.join("")}}\n`;
  });
  return `${source}\n${classes.join("\n")}`;
}

/** The limits of a build, and the places of the control block's words. */
export function constants({ limitsOf, control }, build) {
  const lines = Object.entries(limitsOf(build)).map(
    ([name, value]) => `export const ${upper(name)}: i32 = ${value};\n`,
  );
  const words = Object.entries(control).map(([name, at]) => `export const CONTROL_${upper(name)}: usize = ${at};\n`);
  return `${source}${lines.join("")}${words.join("")}`;
}

/** The function that runs a task of a kernel by its number, which is its place in the contract. */
export function dispatch({ specification }) {
  const kernels = Object.entries(specification);
  const names = [...new Set(kernels.flatMap(([name, { struct }]) => [name, struct]))];
  const structs = names.filter((name) => !(name in specification));
  const cases = kernels.map(
    ([name, { struct }], i) => `    case ${i}:\n      return ${name}(changetype<${struct}>(args), task);\n`,
  );
  return `${source}import { ${Object.keys(specification).join(", ")} } from "./kernels";
import { ${structs.join(", ")} } from "./structs.gen";

export function dispatch(kernel: i32, args: usize, task: i32): void {
  switch (kernel) {
${cases.join("")}    default:
      unreachable();
  }
}
`;
}

/** The table that src/kernels/contract.ts gives out. */
export function table({ specification, typeOf }) {
  const types = Object.entries(specification).map(([name, { args }]) => [
    name,
    Object.fromEntries(Object.entries(args).map(([argument, type]) => [argument, typeOf(type)])),
  ]);
  return `${source}export const contract = ${JSON.stringify(Object.fromEntries(types), null, 2)} as const;\n`;
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const wasmType = (type) => (type.endsWith("*") ? "usize" : type);
const upper = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** "f32 [rows, channels]" of "f32* [rows, channels]"; of a number only what is said of it. */
function describe(argument, typeOf) {
  const type = typeOf(argument);
  const said = argument.slice(type.length).replace(/^: /, "");
  return type.endsWith("*") ? `${type.slice(0, -1)}${/^ \[/.test(said) ? "" : ": "}${said}` : said;
}
