/**
 * The whole of an exported module, besides its data: `index.js` hands its labels and kernels to
 * {@link createLoader}, which gives the `load()` that a user calls. It is bundled for every runtime at once, so it uses only
 * what browsers, Node.js and Deno have in common.
 *
 * @module
 */
import { detectInstructionSet } from "../../kernels/instruction_set.ts";
import { softmax } from "../../graph/class_scores.ts";
import { sizeOf } from "../../graph/graph.ts";
import { graphOfPacked } from "../../runtime/packed_graph.ts";
import { compilePlan, type Plan } from "../../runtime/plan.ts";
import type { Classifier, Engine, LoadOptions, Pixels } from "./api.ts";
import { inflate, readBytes } from "./read.ts";

/** The data of one exported network. */
export interface ModuleData {
  /** One name per class. */
  readonly labels: readonly string[];
  /** A byte becomes (byte − mean) / scale; one mean and one scale per channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly scale: readonly number[] };
  /** Whether the outputs add up to 1 already. */
  readonly givesProbabilities: boolean;
  /** The compiled kernels, deflated, in base64. */
  readonly kernels: Readonly<Record<Exclude<Engine, "javascript">, string>>;
  /** Where the network lies: what `packGraph` makes, as JSON. */
  readonly network: URL;
  /** Where the weights lie: float32, little-endian. */
  readonly weights: URL;
}

/** The `load` of a module. */
export function createLoader(data: ModuleData): (options?: LoadOptions) => Promise<Classifier> {
  return async (options = {}) => {
    const best = detectInstructionSet();
    const engine = options.engine ?? (best === "none" ? "javascript" : best);
    const [network, weights] = await Promise.all([
      readBytes(options.network ?? data.network),
      readBytes(options.weights ?? data.weights),
    ]);
    const json = JSON.parse(new TextDecoder().decode(network));
    const graph = graphOfPacked({ json, weights: new Float32Array(weights) });
    const kernels = engine === "javascript"
      ? engine
      : await WebAssembly.compile(await inflate(data.kernels[engine]));
    return classifierOf(data, engine, await compilePlan(graph, 1, { kernels }));
  };
}

function classifierOf(data: ModuleData, engine: Engine, plan: Plan): Classifier {
  const { labels, normalization, givesProbabilities } = data;
  const inputShape = plan.inputShapes[0]!.slice(1) as [number, number, number];
  const image = new Float32Array(sizeOf(inputShape));

  const logits = (pixels: Pixels): Float32Array => {
    const perImage = numbersPerImage(pixels, inputShape);
    const count = pixels.length / perImage;
    const outputs = new Float32Array(count * labels.length);
    for (let i = 0; i < count; i++) {
      normalize(pixels.subarray(i * perImage, (i + 1) * perImage), image, inputShape[2], normalization);
      outputs.set(plan.run([image])[0]!, i * labels.length);
    }
    return outputs;
  };
  const classify = (pixels: Pixels) => {
    const outputs = logits(pixels);
    const count = outputs.length / labels.length;
    if (count !== 1) throw new RangeError(`Expected one image, got ${count}; logits() takes several`);
    const probabilities = givesProbabilities ? outputs : softmax(outputs);
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

function normalize(
  pixels: Pixels,
  image: Float32Array,
  channels: number,
  { mean, scale }: ModuleData["normalization"],
): void {
  if (pixels instanceof Float32Array) {
    image.set(pixels);
    return;
  }
  const step = pixels.length * channels / image.length;
  for (let from = 0, to = 0; to < image.length; from += step) {
    for (let c = 0; c < channels; c++) image[to++] = (pixels[from + c]! - mean[c]!) / scale[c]!;
  }
}
