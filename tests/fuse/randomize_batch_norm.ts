/**
 * Fresh BatchNorm statistics (γ 1, β 0, mean 0, variance 1) hide most faults of a fusion: a dropped mean or a wrong sign
 * changes nothing. A network that has not been trained is verified with random ones.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { joinBytes } from "../../src/files/join_bytes.ts";
import { weightsOf } from "../../src/graph/graph.ts";
import { Random } from "../../src/random.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { readWeights } from "../../src/formats/tfjs/weights.ts";

/**
 * The same model with γ in ±[0.5, 1.5], β and the running mean normal with deviation 0.5, and the running variance in
 * [0.5, 2]: signed, different for each channel, and kept in a range where activations neither vanish nor explode.
 *
 * @param artifacts A LayersModel with float32 weights.
 * @param seed The same seed gives the same statistics.
 */
export function randomizeBatchNorm(artifacts: io.ModelArtifacts, seed: number): io.ModelArtifacts {
  const graph = readLayersModel(artifacts);
  const statistics = new Set(
    graph.operations.filter(({ origin }) => origin?.kind === "BatchNormalization").flatMap(weightsOf)
      .map(({ name }) => name),
  );
  const parts = [...readWeights(artifacts)].map(([name, weight]) => {
    const draw = statistics.has(name) ? DISTRIBUTIONS[name.slice(name.lastIndexOf("/") + 1)] : undefined;
    if (draw === undefined) return { spec: weight.spec, bytes: weight.bytes() };
    const random = Random.from(seed, "batch norm", name);
    const values = weight.read().map(() => draw(random));
    const { shape, dtype } = weight.spec;
    return { spec: { name, shape, dtype }, bytes: new Uint8Array(values.buffer) };
  });
  const weightData = joinBytes(parts.map(({ bytes }) => bytes));
  return { ...artifacts, weightSpecs: parts.map((part) => part.spec), weightData: weightData.buffer };
}

const DISTRIBUTIONS: Readonly<Record<string, (random: Random) => number>> = {
  gamma: (random) => (random.uniform() < 0.5 ? -1 : 1) * random.uniform(0.5, 1.5),
  beta: (random) => 0.5 * random.normal(),
  moving_mean: (random) => 0.5 * random.normal(),
  moving_variance: (random) => random.uniform(0.5, 2),
};
