/**
 * The whole of an exported module, besides its data: `index.js` hands its labels and kernels to
 * {@link createLoader}, which gives the `load()` that a user calls. It is bundled for every runtime at once, so it uses only
 * what browsers, Node.js and Deno have in common.
 *
 * @module
 */
import { probabilitiesOf } from "../../classify/probabilities.ts";
import { type Normalization, normalizePixels } from "../../data/normalization.ts";
import { sizeOf } from "../../graph/graph.ts";
import { graphOfPacked } from "../../runtime/packed_graph.ts";
import { compilePlan, type Plan } from "../../runtime/plan.ts";
import type { Classifier, Engine, LoadOptions, Pixels } from "./api.ts";
import { bestEngine, type EmbeddedKernels, runtimeOptions } from "./embedded_kernels.ts";
import { readBytes } from "./read.ts";

/** The data of one exported network. */
export interface ModuleData {
  /** One name per class. */
  readonly labels: readonly string[];
  /** How bytes become the network's input. */
  readonly normalization: Normalization;
  /** Whether the outputs are probabilities already. */
  readonly givesProbabilities: boolean;
  readonly kernels: EmbeddedKernels;
  /** Where the network lies: what `packGraph` makes, as JSON. */
  readonly network: URL;
  /** Where the weights lie: float32, little-endian. */
  readonly weights: URL;
}

/** The `load` of a module. */
export function createLoader(data: ModuleData): (options?: LoadOptions) => Promise<Classifier> {
  return async (options = {}) => {
    const engine = options.engine ?? bestEngine();
    const [network, weights] = await Promise.all([
      readBytes(options.network ?? data.network),
      readBytes(options.weights ?? data.weights),
    ]);
    const json = JSON.parse(new TextDecoder().decode(network));
    const graph = graphOfPacked({ json, weights: new Float32Array(weights) });
    const plan = await compilePlan(graph, 1, await runtimeOptions(engine, data.kernels));
    return classifierOf(data, engine, plan);
  };
}

function classifierOf(data: ModuleData, engine: Engine, plan: Plan): Classifier {
  const { labels, normalization, givesProbabilities } = data;
  const inputShape = plan.inputShapes[0]!.slice(1) as [number, number, number];
  const image = new Float32Array(sizeOf(inputShape));

  const logits = (pixels: Pixels): Float32Array => {
    const perImage = numbersPerImage(pixels, inputShape);
    const count = pixels.length / perImage;
    const outputs: number[] = [];
    for (let i = 0; i < count; i++) {
      const one = pixels.subarray(i * perImage, (i + 1) * perImage);
      if (one instanceof Float32Array) image.set(one);
      else normalizePixels(one, normalization, image);
      outputs.push(...plan.run([image])[0]!);
    }
    return Float32Array.from(outputs);
  };
  const classify = (pixels: Pixels) => {
    const count = pixels.length / numbersPerImage(pixels, inputShape);
    if (count !== 1) throw new RangeError(`Expected one image, got ${count}; logits() takes several`);
    const probabilities = probabilitiesOf(logits(pixels), labels.length, givesProbabilities);
    return labels
      .map((label, index) => ({ label, index, probability: probabilities[index]! }))
      .sort((a, b) => b.probability - a.probability);
  };
  return Object.assign(classify, { logits, labels, inputShape, engine });
}

/** Numbers of one image as it is given: with an alpha channel, or without. */
function numbersPerImage(
  pixels: Pixels,
  [height, width, channels]: readonly [number, number, number],
): number {
  const choices = pixels instanceof Float32Array ? [channels] : pixels instanceof Uint8ClampedArray // What an ImageData holds, which is always RGBA.
    ? [4, channels]
    : [channels, 4];
  const fit = choices.find((count) => pixels.length > 0 && pixels.length % (height * width * count) === 0);
  if (fit === undefined) {
    throw new RangeError(
      `Expected ${height} x ${width} pixels of ${choices.join(" or ")} numbers, got ${pixels.length} numbers`,
    );
  }
  return height * width * fit;
}
