/**
 * The forms of the network, loaded and ready, on one backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { softmax } from "../../graph/class_scores.ts";
import { startPageBackend } from "./backend.ts";
import { type Latency, measureLatency } from "./latency.ts";
import { ASSETS, assetUrl, type PageData, readAsset } from "./page_data.ts";
import { normalizePixels } from "../../data/normalization.ts";
import { createTfjsNetwork, type TfjsNetwork } from "./tfjs_network.ts";

/** Loaded networks. */
export class Recognizer {
  private constructor(
    readonly data: PageData,
    /** The instructions that the kernels use. */
    readonly instructionSet: string,
    private readonly networks: readonly TfjsNetwork[],
  ) {}

  /**
   * Starts the backend and reads the weights.
   *
   * @throws {Error} when this browser cannot, or a file is missing.
   */
  static async load(data: PageData): Promise<Recognizer> {
    const parts = { wasm: assetUrl(ASSETS.wasm), kernels: data.kernels };
    const { instructionSet } = await startPageBackend(parts, (install) => install());
    const networks = await Promise.all(data.forms.map(async ({ program, weights }) => {
      const bytes = await (await readAsset(weights)).arrayBuffer();
      return createTfjsNetwork(program, new Float32Array(bytes));
    }));
    return new Recognizer(data, instructionSet, networks);
  }

  /** The probabilities of all classes by the last form, in the order of the labels. */
  classify(pixels: Uint8Array): Float32Array {
    const images = this.imagesOf(pixels);
    const outputs = this.run(this.networks.length - 1, images);
    images.dispose();
    return this.data.forms.at(-1)!.program.givesProbabilities ? outputs : Float32Array.from(softmax(outputs));
  }

  /** How long each form takes for this image. */
  async time(pixels: Uint8Array): Promise<Latency> {
    const images = this.imagesOf(pixels);
    const forms = this.data.forms.map(({ name }, i) => ({ name, run: () => void this.run(i, images) }));
    const latency = await measureLatency(forms);
    images.dispose();
    return latency;
  }

  private run(form: number, images: tf.Tensor4D): Float32Array {
    const outputs = this.networks[form]!.run(images);
    const values = outputs.dataSync<"float32">() as Float32Array;
    outputs.dispose();
    return values;
  }

  private imagesOf(pixels: Uint8Array): tf.Tensor4D {
    const [height, width, channels] = this.data.forms[0]!.program.inputShape;
    return tf.tensor4d(normalizePixels(pixels, this.data.normalization), [1, height, width, channels]);
  }
}
