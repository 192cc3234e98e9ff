/**
 * The forms of the network, loaded and ready, on one thread: both at once are small, and a page that is a file has no others.
 *
 * @module
 */
import { probabilitiesOf } from "../../classify/probabilities.ts";
import { normalizePixels } from "../../data/normalization.ts";
import { graphOfPacked } from "../../runtime/packed_graph.ts";
import { compilePlan, type Plan } from "../../runtime/plan.ts";
import type { Engine } from "../module/api.ts";
import { bestEngine, runtimeOptions } from "../module/embedded_kernels.ts";
import { type Latency, measureLatency } from "./latency.ts";
import { type PageData, readAsset } from "./page_data.ts";

/** Loaded networks. */
export class Recognizer {
  private constructor(
    readonly data: PageData,
    /** What computes. */
    readonly engine: Engine,
    private readonly plans: readonly Plan[],
  ) {}

  /**
   * Reads the weights and makes the networks ready.
   *
   * @throws {Error} when a file is missing, or is another network's.
   */
  static async load(data: PageData): Promise<Recognizer> {
    const engine = bestEngine();
    const options = await runtimeOptions(engine, data.kernels);
    const plans = await Promise.all(data.forms.map(async ({ network, weights }) => {
      const bytes = await (await readAsset(weights)).arrayBuffer();
      return await compilePlan(
        graphOfPacked({ json: network, weights: new Float32Array(bytes) }),
        1,
        options,
      );
    }));
    return new Recognizer(data, engine, plans);
  }

  /** The probabilities of all classes by the last form, in the order of the labels. */
  classify(pixels: Uint8Array): Float64Array {
    const { labels, givesProbabilities } = this.data;
    const [outputs] = this.plans.at(-1)!.run([this.imageOf(pixels)]);
    return probabilitiesOf(outputs!, labels.length, givesProbabilities);
  }

  /** How long each form takes for this image, or nothing when nobody waits for it any more. */
  async time(pixels: Uint8Array, signal: AbortSignal): Promise<Latency | undefined> {
    const image = this.imageOf(pixels);
    const forms = this.data.forms.map(({ name }, i) => ({
      name,
      run: () => {
        signal.throwIfAborted();
        this.plans[i]!.run([image]);
      },
    }));
    try {
      const latency = await measureLatency(forms);
      return signal.aborted ? undefined : latency;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  private imageOf(pixels: Uint8Array): Float32Array {
    return normalizePixels(pixels, this.data.normalization);
  }
}
