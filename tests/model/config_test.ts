import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";

const VALID = {
  block: "repvgg",
  inputSize: [32, 32, 3],
  classCount: 10,
  stem: { width: 16 },
  stages: [{ depth: 2, width: 32 }],
};

/** The message that `value` is refused with. */
function refusal(value: unknown): string {
  try {
    parseNetworkConfig(value);
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

Deno.test("parseNetworkConfig() fills in the defaults", () => {
  const config = parseNetworkConfig(VALID);
  assert.equal(config.padding, "same");
  assert.deepEqual(config.stem, { width: 16, stride: 2 });
  assert.deepEqual(config.stages, [{ depth: 2, width: 32, stride: 2 }]);
});

Deno.test("parseNetworkConfig() is the identity on its own output, also through JSON", () => {
  const config = parseNetworkConfig(VALID);
  assert.deepEqual(parseNetworkConfig(JSON.parse(JSON.stringify(config))), config);
});

Deno.test("parseNetworkConfig() names the nearest key when a key is unknown, at every depth", () => {
  assert.match(refusal({ ...VALID, clasCount: 10 }), /clasCount .*did you mean classCount\?/);
  assert.match(refusal({ ...VALID, stem: { width: 16, strid: 1 } }), /stem\.strid .*did you mean stride\?/);
  assert.match(
    refusal({ ...VALID, stages: [{ depth: 2, width: 32, widht: 3 }] }),
    /stages\[0\]\.widht .*did you mean width\?/,
  );
  assert.match(
    refusal({ ...VALID, branches: { conv1x1: true, identty: false } }),
    /branches\.identty .*did you mean identity\?/,
  );
});

Deno.test("parseNetworkConfig() lists every finding at once", () => {
  const message = refusal({ ...VALID, classCount: 0, stem: { width: 1.5 }, padding: "valid" });
  for (const finding of [/classCount is 0/, /stem\.width is 1\.5/, /padding is "valid"/]) {
    assert.match(message, finding);
  }
});

Deno.test("parseNetworkConfig() refuses what is not an object, a missing key and a foreign block", () => {
  for (const value of [null, 3, "repvgg", [], {}]) refusal(value);
  assert.match(refusal({ ...VALID, stages: undefined }), /stages is missing/);
  assert.match(refusal({ ...VALID, block: "repvgh" }), /block is "repvgh"/);
});

/** Configurations of early runs, to the letter: the hash of such a text says which checkpoints fit a run. */
const EARLY_SIZES = '"inputSize":[32,32,3],"classCount":10,"padding":"same","activation":"relu",' +
  '"stem":{"width":16,"stride":2}';
const EARLY_STAGES = '"stages":[{"depth":2,"width":32,"stride":2},{"depth":1,"width":64,"stride":2}]';
const EARLY_CONFIGS: readonly string[] = [
  `{${EARLY_SIZES},${EARLY_STAGES},"groups":1,"groupsEvery":2,"block":"repvgg",` +
  '"branches":{"conv1x1":true,"identity":true},"squeezeExcite":false,"postAdditionBn":false}',
  `{${EARLY_SIZES},${EARLY_STAGES},"groups":4,"groupsEvery":2,"block":"repvgg",` +
  '"branches":{"conv1x1":true,"identity":true},"squeezeExcite":true,"postAdditionBn":true}',
  `{${EARLY_SIZES},"block":"mobileone",` +
  '"stages":[{"depth":2,"width":32,"stride":2,"squeezeExciteBlocks":1}],"convBranches":4,"scale":true,"skip":true}',
  `{${EARLY_SIZES},${EARLY_STAGES},"groups":1,"groupsEvery":2,"block":"fastvit","kernelSizes":[7,3],` +
  '"skipIncludeBn":true,"useBnConv":true,"bnConvPadding":"beforeBn"}',
  `{${EARLY_SIZES},${EARLY_STAGES},"groups":1,"groupsEvery":2,"block":"dbb","kernelSize":5}`,
  `{${EARLY_SIZES},${EARLY_STAGES},"groups":1,"groupsEvery":2,"block":"acnet","kernelSize":3}`,
];

for (const text of EARLY_CONFIGS) {
  Deno.test(`parseNetworkConfig() leaves an early run of ${JSON.parse(text).block} as it is, to the letter: ${text.length}`, () => {
    assert.equal(JSON.stringify(parseNetworkConfig(JSON.parse(text))), text);
  });
}
