import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { openModel } from "../../src/model/open_model.ts";

/** A Sequential of one layer of a class, without weights. */
function modelOf(className: string) {
  const config = { name: "layer", batch_input_shape: [null, 32, 3], filters: 8, kernel_size: [3] };
  const layers = [{ class_name: className, config }];
  return { modelTopology: { class_name: "Sequential", config: { name: "model", layers } } };
}

/** What opening it is refused with. */
async function refusal(className: string): Promise<InputError> {
  const error = await openModel(modelOf(className), "model.json").then(() => undefined, (error) => error);
  assert.ok(error instanceof InputError, String(error));
  return error;
}

Deno.test("openModel() names a layer that TensorFlow.js has not, in one line, and the way round", async () => {
  for (
    const [className, wayRound] of [
      ["SeparableConv1D", /Reshape\(.*, SeparableConv2D with a kernel of height 1/],
      ["Conv1DTranspose", /Reshape\(.*, Conv2DTranspose with a kernel of height 1/],
      ["MyAttention", /with layers that TensorFlow\.js has/],
    ] as const
  ) {
    const { message, hint } = await refusal(className);
    assert.equal(message, `Cannot build the model model.json: TensorFlow.js has no layer ${className}.`);
    assert.match(hint ?? "", wayRound);
  }
});
