/** One list of demands, run over every format in every form and precision. */
import { testImagesOf } from "../../src/data/labelled_images.ts";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { evaluateNetwork } from "../../src/classify/evaluation.ts";
import type { Scores } from "../../src/classify/scores.ts";
import { exportModel } from "../../src/run/export_run.ts";
import { EXPORT_FORMATS, findFormat } from "../../src/deploy/formats.ts";
import { withPrecision } from "../../src/formats/tfjs/precision.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { openArtifacts } from "../../src/classify/tfjs.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { tinyDataset } from "../train/tiny.ts";
import { SILENT, tinySource } from "./tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

/** What each misclassified image was taken for, in the order of the images. */
function predictionsOfMistakes({ mistakes }: Scores): (readonly [index: number, prediction: number])[] {
  return mistakes.map(({ index, prediction }) => [index, prediction] as const).sort(([a], [b]) => a - b);
}

for (const format of EXPORT_FORMATS) {
  for (const form of ["training", "fused"] as const) {
    for (const precision of format.precisions) {
      Deno.test(`${format.name}, ${form} form, ${precision}: evaluates as the source does, image by image`, () =>
        inTemporaryFolder(async (folder) => {
          const source = await tinySource(form);
          const dataset = tinyDataset();
          const output = `${folder}/out`;
          const { manifest } = await exportModel(source, { format, precision, output, progress: SILENT });
          assert(manifest.proof!.maxRelativeDifference <= format.tolerance);

          const plain = withPrecision(withPrecision(source.artifacts, precision), "float32");
          const reference = {
            classifier: await openArtifacts(plain, source.card, "reference"),
            card: source.card,
            path: "reference",
            format: "tfjs",
            form,
            folder,
          };
          const exported = await openClassifier(output);
          const expected = await evaluateNetwork(reference, testImagesOf(dataset));
          const found = await evaluateNetwork(exported, testImagesOf(dataset));
          assert.equal(found.correct, expected.correct);
          assert.deepEqual(predictionsOfMistakes(found), predictionsOfMistakes(expected));
          await reference.classifier.dispose();
          await exported.classifier.dispose();
        }));
    }
  }
}

Deno.test("findFormat() names the nearest format", () => {
  assert.throws(() => findFormat("onx"), (error) => {
    assert(error instanceof InputError);
    assert.match(
      error.message,
      /There is no format "onx" \(did you mean onnx\?\): expected one of tfjs, onnx/,
    );
    return true;
  });
});
