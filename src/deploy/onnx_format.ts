/**
 * The `onnx` format: one `model.onnx`, with the labels and the normalization in its metadata.
 *
 * @module
 */
import { writeFileAtomically } from "../files/atomic_write.ts";
import { readBytes } from "../files/read.ts";
import type { ExportFormat } from "./export_format.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";

/** The name of the file. */
const ONNX_FILE = "model.onnx";

/** Two programs that add float32 numbers in another order. */
const TOLERANCE = 1e-5;

/** ONNX, opset 17. */
export const ONNX_FORMAT: ExportFormat = {
  name: "onnx",
  summary: "model.onnx, opset 17, open batch",
  precisions: ["float32", "float16"],
  tolerance: TOLERANCE,
  async write(folder, { artifacts, source: { card } }) {
    const { classNames, inputSize, normalization, givesProbabilities } = card;
    const metadata = Object.entries({ classNames, inputSize, normalization, givesProbabilities })
      .map(([key, value]) => [key, JSON.stringify(value)]);
    const bytes = writeOnnx(readLayersModel(artifacts), { metadata: Object.fromEntries(metadata) });
    await writeFileAtomically(`${folder}/${ONNX_FILE}`, bytes);
  },
  async open(folder, card) {
    const path = `${folder}/${ONNX_FILE}`;
    const { openOnnx } = await import("../classify/onnx.ts"); // onnxruntime cannot be loaded in a worker of Deno
    return await openOnnx(await readBytes(path, "an ONNX model"), card, path);
  },
};
