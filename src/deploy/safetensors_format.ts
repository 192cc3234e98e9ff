/**
 * The `safetensors` format: PyTorch's weights in the names of the reference code, OIHW, for `load_state_dict`. The header
 * tells the architecture, so that `import` finds the network again without being told.
 *
 * Who lists the formats does not load TensorFlow.js for that: it is imported where it is used.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { readBytes } from "../files/read.ts";
import { readSafetensors } from "../formats/safetensors/read.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import { importTorchNetwork } from "../model/torch/network.ts";
import { writeTorchSafetensors } from "../model/torch/write_weights.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import type { ExportFormat } from "./export_format.ts";

/** The name of the file. */
const SAFETENSORS_FILE = "model.safetensors";

/** The weights come back bit for bit; the order of the additions may be another where layers were padded apart. */
const TOLERANCE = 1e-5;

/** A PyTorch state dict. */
export const SAFETENSORS_FORMAT: ExportFormat = {
  name: "safetensors",
  summary: "PyTorch's weights in the names of the reference code",
  precisions: ["float32"],
  tolerance: TOLERANCE,
  async write(folder, { artifacts, source }) {
    if (source.network === undefined) {
      throw new InputError(
        `Cannot write ${source.path} for PyTorch: its architecture is not known, so there are no names to give.`,
        "Export a run, or a network that repfuse import made; others go to --format onnx.",
      );
    }
    const bytes = writeTorchSafetensors(readLayersModel(artifacts), source.network);
    await writeFileAtomically(`${folder}/${SAFETENSORS_FILE}`, bytes);
  },
  async open(folder, card) {
    const path = `${folder}/${SAFETENSORS_FILE}`;
    return await openSafetensors(await readBytes(path, "a safetensors file"), card, path);
  },
};

/**
 * A network from its PyTorch weights.
 *
 * @param name The file's path, for messages.
 * @throws {InputError} when they are of no network that is known here.
 */
async function openSafetensors(bytes: Uint8Array, card: ModelCard, name: string): Promise<Classifier> {
  const { openArtifacts } = await import("../classify/tfjs.ts");
  const [height, width] = card.inputSize;
  const { graph } = importTorchNetwork(readSafetensors(bytes, name), {
    source: name,
    imageSize: [height, width],
  });
  return await openArtifacts(writeLayersModel(graph), card, name);
}
