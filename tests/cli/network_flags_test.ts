import assert from "node:assert/strict";
import { blockName, networkChanges, networkSetting } from "../../src/cli/network_flags.ts";

Deno.test("networkSetting() nests dotted keys and reads values as JSON, else as text", () => {
  const settings = [
    "branches.identity=false",
    "branches.conv1x1=true",
    "kernelSizes=[5,3]",
    "activation=gelu",
  ];
  assert.deepEqual(
    settings.reduce<Record<string, unknown>>((before, text) => networkSetting(text, before), {}),
    {
      branches: { identity: false, conv1x1: true },
      kernelSizes: [5, 3],
      activation: "gelu",
    },
  );
});

Deno.test("networkSetting() refuses what is not key=value", () => {
  for (const text of ["", "scale", "=1", "scale=", "a..b=1", ".a=1", "a b=1", "__proto__.x=1"]) {
    assert.throws(() => networkSetting(text), /It must be key=value/, text);
  }
});

Deno.test("networkSetting() leaves what was set before as it was", () => {
  const before = { branches: { conv1x1: true } };
  networkSetting("branches.identity=false", before);
  assert.deepEqual(before, { branches: { conv1x1: true } });
});

Deno.test("blockName() refuses a kind that there is not, and names them all", () => {
  assert.equal(blockName("dbb"), "dbb");
  assert.equal(blockName("own/my_block.mjs"), "own/my_block.mjs");
  assert.throws(() => blockName("dbc"), /one of repvgg, qarepvgg, .*, or a \.ts, \.js or \.mjs file/);
});

Deno.test("networkChanges() is nothing when neither flag was given", () => {
  assert.equal(networkChanges({}), undefined);
  assert.deepEqual(networkChanges({ block: "dbb", set: { kernelSize: 5 } }), { block: "dbb", kernelSize: 5 });
});
