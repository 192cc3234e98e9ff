import assert from "node:assert/strict";
import { COMMANDS } from "../../src/cli/commands.ts";
import { asTyped } from "../../src/cli/program_name.ts";

const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url))) as {
  tasks: Record<string, { description: string; command: string }>;
};

/** Tasks that compute nothing, and so need not say on what. */
const WITHOUT_KERNELS = ["inspect", "data-report", "import", "compare"];

for (const [name, load] of Object.entries(COMMANDS)) {
  const command = await load();
  Deno.test(`${name} is a task of deno.json, with the same line of description`, () => {
    assert.equal(command.name(), name);
    assert.equal(tasks[name]?.description, command.description());
    assert.match(tasks[name]!.command, new RegExp(` tasks/${name.replace("-", "_")}\\.ts$`));
    assert.ok(!command.description().includes("\n"));
  });

  Deno.test(`${name} shows the default of every flag that takes a value`, () => {
    for (const option of command.options) {
      const shown = option.defaultValue !== undefined || /\(default: [^)]+/.test(option.description);
      assert.ok(shown || option.isBoolean(), `${name} ${option.flags}: ${option.description}`);
    }
  });

  Deno.test(`${name} has the flags of its concerns`, () => {
    const flags = new Set(command.options.map((option) => option.long));
    for (const flag of ["--json", "--quiet", "--debug"]) assert.ok(flags.has(flag), flag);
    for (const flag of ["--threads", "--kernels"]) {
      assert.equal(flags.has(flag), !WITHOUT_KERNELS.includes(name), `${name} ${flag}`);
    }
  });
}

Deno.test("every task of deno.json has a description and asks for no more of the environment than it needs", () => {
  for (const [name, { description, command }] of Object.entries(tasks)) {
    assert.ok(description.length > 0, name);
    if (!command.startsWith("deno run") || command.includes("--allow-all")) continue;
    // A process that starts others hands its environment on.
    const startsOthers = command.includes("--allow-run");
    if (!startsOthers) assert.match(command, /--allow-env=INIT_CWD /, name);
    assert.equal(/--allow-env /.test(command), startsOthers && name !== "docs", name);
  }
});

Deno.test("asTyped() writes commands as the person types them, and leaves the name of the program alone", () => {
  const text = "Train one first: repfuse train. This is RepFuse, the package repfuse.";
  assert.equal(
    asTyped(text, "deno task"),
    "Train one first: deno task train. This is RepFuse, the package repfuse.",
  );
  assert.equal(asTyped(text, "repfuse"), text);
});
