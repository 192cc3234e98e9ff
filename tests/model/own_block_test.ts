import assert from "node:assert/strict";
import { z } from "zod";
import { block as example } from "../../examples/my_block.ts";
import { InputError } from "../../src/errors.ts";
import { addBranches, placedConvolution } from "../../src/model/blocks/block.ts";
import { type Block, defineBlock } from "../../src/model/blocks/define.ts";
import { ownBlock } from "../../src/model/blocks/own.ts";
import { parseNetworkConfig, withBlock } from "../../src/model/config.ts";
import { convolutionBn } from "../../src/model/layer_builder.ts";
import { createNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";

const FILE = { path: "my_block.ts", sha256: "0" };

const PLAIN = defineBlock({
  name: "plain",
  label: "plain",
  options: { size: z.int().default(3) },
  apply: (net, x, place, { size }) => convolutionBn(net, x, placedConvolution(place, "conv", size)),
});

/** What a file is refused for that exports this. */
function refusal(module: Record<string, unknown>): string {
  try {
    ownBlock(module, "my_block.ts");
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return `${error.message} ${error.hint}`;
  }
  throw new assert.AssertionError({ message: "the block was accepted" });
}

const withApply = (apply: Block["apply"]) => ({ block: { ...PLAIN, apply } });

Deno.test("ownBlock() takes what defineBlock() gives", () => {
  for (const block of [PLAIN, example]) assert.equal(ownBlock({ block }, "my_block.ts").name, block.name);
});

Deno.test("ownBlock() says what is missing, and how it is written", () => {
  assert.match(
    refusal({}),
    /my_block\.ts: it exports no block, but nothing\. .*export const block = defineBlock/,
  );
  assert.match(refusal({ default: PLAIN }), /exports no block, but default/);
  assert.match(refusal({ block: { ...PLAIN, name: "two words" } }), /its name is "two words"/);
  assert.match(refusal({ block: { ...PLAIN, name: "dbb" } }), /that of another block/);
  assert.match(refusal({ block: { ...PLAIN, label: undefined } }), /its label is undefined/);
  assert.match(refusal({ block: { ...PLAIN, apply: 3 } }), /its apply is no function/);
  assert.match(refusal({ block: { ...PLAIN, deploy: {} } }), /its deploy is no function/);
  assert.match(refusal({ block: { ...PLAIN, options: { size: 3 } } }), /its option size is no zod schema/);
  assert.match(
    refusal({ block: { ...PLAIN, options: { size: z.int() } } }),
    /its option size has no default/,
  );
});

Deno.test("ownBlock() refuses a block that throws, changes the shape or gives nothing, and says where", () => {
  const thrown = withApply(() => {
    throw new Error("no such branch");
  });
  assert.match(refusal(thrown), /my_block\.ts fails at stage1\/block1: no such branch/);
  const wide = withApply((net, x, place) =>
    net.convolution(x, { ...placedConvolution(place, "conv", 3), filters: 5 })
  );
  assert.match(refusal(wide), /gives \[N, 11, 12, 5\] at stage1\/block1, where \[N, 11, 12, 8\] is expected/);
  const unstrided = withApply((net, x, place) =>
    net.convolution(x, { ...placedConvolution(place, "conv", 3), stride: 1 })
  );
  assert.match(refusal(unstrided), /gives \[N, 11, 12, 16\] .* \[N, 6, 6, 16\] is expected.* at stride 2/);
  assert.match(refusal(withApply(() => undefined as never)), /gives nothing at stage1\/block1/);
});

Deno.test("ownBlock() refuses layers of one name, and names that are not below the place", () => {
  const twins = withApply((net, x, place) =>
    addBranches(net, [1, 2].map(() => net.convolution(x, placedConvolution(place, "conv", 3))), place)
  );
  assert.match(refusal(twins), /names two layers "stage1\/block1\/conv"/);
  const stray = withApply((net, x, place) =>
    net.convolution(x, { ...placedConvolution(place, "conv", 3), name: "conv" })
  );
  assert.match(refusal(stray), /names a layer "conv", which is not below its place/);
});

Deno.test("parseNetworkConfig() checks the options of a person's own block where it is at hand, and keeps them elsewhere", () => {
  const block = ownBlock({ block: PLAIN }, FILE.path);
  const stageOptions = { last: z.boolean().default(false) };
  for (const own of [block, { ...block, isGrouped: false }, { ...block, stageOptions }] as Block[]) {
    const config = withBlock(presetConfig("toy"), "file", { file: FILE, size: 5 }, own);
    assert.equal((config as { size?: unknown }).size, 5);
    const text = JSON.stringify(config);
    assert.equal(JSON.stringify(parseNetworkConfig(JSON.parse(text))), text);
  }
  assert.throws(
    () => withBlock(presetConfig("toy"), "file", { file: FILE, siz: 5 }, block),
    /siz is not a known key \(did you mean size\?\)/,
  );
});

Deno.test("createNetwork() makes a network of a person's own block, and asks for the file where it is not given", () => {
  const own = ownBlock({ block: PLAIN }, FILE.path);
  const config = withBlock(presetConfig("toy"), "file", { file: FILE }, own);
  const model = createNetwork(config, { seed: 1, own });
  assert.equal(model.name, "plain");
  assert.deepEqual(model.outputs[0]!.shape, [null, 10]);
  model.dispose();
  assert.throws(() => createNetwork(config, { seed: 1 }), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(`${error.message} ${error.hint}`, /block in my_block\.ts.*--block my_block\.ts/);
    return true;
  });
});
