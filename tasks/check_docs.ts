/**
 * Part of `deno task ok`: every export of the public API, the subpaths in `deno.json`, has a doc comment. `deno doc --lint` also
 * objects to types of TensorFlow.js and zod in public signatures, which cannot be exported from here; those findings are
 * passed over.
 *
 * @module
 */
import process from "node:process";
import project from "../deno.json" with { type: "json" };
import { print } from "../src/cli/command.ts";

/** A finding of `deno doc --lint` that names a gap in our own documentation, and its place. */
const GAP = /^error\[missing-(?:jsdoc|return-type)\]: (.+)\n\s*--> (.+)$/gm;

/** Colours of the terminal, which `deno doc` writes even into a pipe. */
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[0-9;]*m/g;

const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...Object.values(project.exports)],
})
  .output();
const findings = new TextDecoder().decode(stderr).replaceAll(COLOUR, "").matchAll(GAP);
const gaps = Array.from(findings, ([, what, place]) => `${place?.replace(`${process.cwd()}/`, "")}: ${what}`)
  .filter((gap) => gap.startsWith("src/"));
for (const gap of gaps) print(gap);
print(`${gaps.length} gaps in the documentation of the public API`);
process.exit(gaps.length === 0 ? 0 : 1);
