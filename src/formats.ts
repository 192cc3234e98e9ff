/**
 * `repfuse/formats`: the files that networks come from and go to.
 *
 * @module
 */
export { loadLayersModelArtifacts, saveLayersModel } from "./formats/tfjs/layers_model.ts";
export { readLayersModel } from "./formats/tfjs/read.ts";
export { writeLayersModel } from "./formats/tfjs/write.ts";
export type { Graph } from "./graph/graph.ts";
export { type ByteSource, type FileSource, openFileSource } from "./files/byte_source.ts";
export { type Precision, PRECISIONS, withPrecision } from "./formats/tfjs/precision.ts";
export { readOnnx } from "./formats/onnx/read.ts";
export { readOnnxFile } from "./formats/onnx/disk.ts";
export { type OnnxOptions, writeOnnx } from "./formats/onnx/write.ts";
export { readSafetensors } from "./formats/safetensors/read.ts";
export {
  type Dtype,
  type RawTensor,
  type SafetensorsContent,
  writeSafetensors,
} from "./formats/safetensors/write.ts";
export { readTorchCheckpoint, type TorchCheckpoint } from "./formats/torch/read.ts";
