import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { float32Tensor } from "../../../src/formats/safetensors/write.ts";
import { findTorchNetwork } from "../../../src/model/torch/find_network.ts";

const TENSOR = float32Tensor(Float32Array.of(1), [1]);

/** A state with a stem and a head below each prefix, and some names beside. */
function state(prefixes: readonly string[], beside: readonly string[] = []) {
  const names = prefixes.flatMap((prefix) => [`${prefix}stage0.w`, `${prefix}linear.bias`]);
  return new Map([...names, ...beside].map((name) => [name, TENSOR]));
}

const FOUND: readonly [what: string, prefixes: string[], chosen: string][] = [
  ["a plain state dict", [""], ""],
  ["DataParallel", ["module."], "module."],
  ["torch.compile", ["_orig_mod."], "_orig_mod."],
  ["both, in a training's checkpoint", ["state_dict._orig_mod.module."], "state_dict._orig_mod.module."],
  ["Lightning", ["state_dict.model."], "state_dict.model."],
  ["a moving average alone", ["model_ema.module."], "model_ema.module."],
  ["the plain network beside its average, whichever comes first", ["ema_state_dict.", "model."], "model."],
  ["timm's two state dicts", ["state_dict.", "state_dict_ema."], "state_dict."],
  ["the network that nothing stands before", ["teacher.", "model_ema.", ""], ""],
];

for (const [what, prefixes, chosen] of FOUND) {
  Deno.test(`findTorchNetwork() finds ${what}`, () => {
    const found = findTorchNetwork(state(prefixes), undefined, "net.pth");
    assert.equal(found.prefix, chosen);
    assert.deepEqual(found.others, prefixes.filter((prefix) => prefix !== chosen));
    assert.deepEqual([...found.state.keys()], ["stage0.w", "linear.bias"]);
  });
}

Deno.test("findTorchNetwork() takes the network that a person names, and nothing of those within", () => {
  const both = state(["", "model_ema."]);
  assert.deepEqual([...findTorchNetwork(both, "", "net.pth").state.keys()], ["stage0.w", "linear.bias"]);
  assert.equal(findTorchNetwork(both, "model_ema.", "net.pth").prefix, "model_ema.");
  const found = findTorchNetwork(state(["teacher."], ["optimizer.x"]), "teacher.", "net.pth");
  assert.deepEqual([...found.state.keys()], ["stage0.w", "linear.bias"]);
  assert.throws(
    () => findTorchNetwork(both, "teacher.", "net.pth"),
    /No tensor of net\.pth begins with "teacher\."/,
  );
});

Deno.test("findTorchNetwork() leaves surplus tensors beside a network for the reader to name", () => {
  assert(findTorchNetwork(state([""], ["extra.w"]), undefined, "net.pth").state.has("extra.w"));
});

Deno.test("findTorchNetwork() asks where words that it does not know stand before the names", () => {
  assert.throws(
    () => findTorchNetwork(state(["student.", "teacher."]), undefined, "net.pth"),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /lie below "student\.", "teacher\."/);
      assert.match(error.hint!, /--prefix student\./);
      return true;
    },
  );
});
