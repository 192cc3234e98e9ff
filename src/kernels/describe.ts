/**
 * `descriptors.ts` from the AssemblyScript: a kernel's arguments are defined once, by its `@unmanaged` class. A class takes
 * part when its comment names `descriptors.ts`. To make the file anew:
 *
 *     deno run --allow-read --allow-write=src src/kernels/describe.ts
 *
 * @module
 */
import { readdir, readFile, writeFile } from "node:fs/promises";

/** Where the result lies. */
export const DESCRIPTORS = new URL("./descriptors.ts", import.meta.url);

const ASSEMBLY = new URL("./assembly/", import.meta.url);
const CLASS =
  /\/\*\*(?:(?!\*\/)[^])*?descriptors\.ts(?:(?!\*\/)[^])*?\*\/\s*@unmanaged\s+(?:export )?class (\w+) \{([^]*?)\n\}/g;
const FIELD = /^ {2}(\w+): (usize|i32|u32|f32);$/gm;

/** The text of `descriptors.ts` as the sources of today say it. */
export async function describeKernels(): Promise<string> {
  const names = (await readdir(ASSEMBLY, { recursive: true })).filter((name) => name.endsWith(".as")).sort();
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, ASSEMBLY), "utf8")));
  const classes = sources.flatMap((source) => [...source.matchAll(CLASS)]);
  return HEAD + classes.map(([, name, body]) => describeClass(name!, body!)).join("");
}

const HEAD = `/**
 * The arguments of the kernels by name, in the order in which their classes in \`assembly/\` have them. Made by
 * \`describe.ts\` from these classes: change them there.
 *
 * @module
 */

/** A float as a word of a descriptor: its 32 bits as an integer. */
function bits(value: number): number {
  FLOAT[0] = value;
  return INTEGER[0]!;
}

const FLOAT = new Float32Array(1);
const INTEGER = new Int32Array(FLOAT.buffer);
`;

function describeClass(name: string, body: string): string {
  const fields = [...body.matchAll(FIELD)].map(([, field, type]) => ({ field: field!, type: type! }));
  const lines = (line: (field: string, type: string) => string) =>
    fields.map(({ field, type }) => line(field, type)).join("\n");
  return `
/** The fields of \`${name}\`. */
export interface ${name}Fields {
${lines((field) => `  readonly ${field}: number;`)}
}

/** The words of a \`${name}\`. */
export function ${name[0]!.toLowerCase() + name.slice(1)}Words(fields: ${name}Fields): number[] {
  return [
${lines((field, type) => type === "f32" ? `    bits(fields.${field}),` : `    fields.${field},`)}
  ];
}
`;
}

if (import.meta.main) await writeFile(DESCRIPTORS, await describeKernels());
