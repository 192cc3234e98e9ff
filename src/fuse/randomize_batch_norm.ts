/**
 * Fresh BatchNorm statistics (γ 1, β 0, mean 0, variance 1) hide most faults of a fusion: a dropped mean or a wrong sign
 * changes nothing. A network that has not been trained is verified with random ones.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { Random } from "../random.ts";
import { readGraph } from "./topology.ts";
import { WeightStore } from "./weights.ts";

/**
 * The same model with γ in ±[0.5, 1.5], β and the running mean normal with deviation 0.5, and the running variance in
 * [0.5, 2]: signed, different for each channel, and kept in a range where activations neither vanish nor explode.
 *
 * @param artifacts A LayersModel with float32 weights.
 * @param seed The same seed gives the same statistics.
 */
export function randomizeBatchNorm(artifacts: io.ModelArtifacts, seed: number): io.ModelArtifacts {
  const store = new WeightStore(artifacts);
  const graph = readGraph(artifacts);
  const names = new Set(
    graph.calls.map(({ layer }) => layer).filter((layer) => layer.className === "BatchNormalization")
      .map((layer) => layer.name),
  );
  const parts = [...store.stored].map(([name, { spec }]) => {
    const slash = name.lastIndexOf("/");
    const draw = names.has(name.slice(0, slash)) ? DISTRIBUTIONS[name.slice(slash + 1)] : undefined;
    if (draw === undefined) return { spec, bytes: store.bytes(name) };
    const random = Random.from(seed, "batch norm", name);
    const values = store.read(name).map(() => draw(random));
    return { spec: { name, shape: spec.shape, dtype: spec.dtype }, bytes: new Uint8Array(values.buffer) };
  });
  const weightData = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0));
  parts.reduce((offset, { bytes }) => {
    weightData.set(bytes, offset);
    return offset + bytes.length;
  }, 0);
  return { ...artifacts, weightSpecs: parts.map((part) => part.spec), weightData: weightData.buffer };
}

const DISTRIBUTIONS: Readonly<Record<string, (random: Random) => number>> = {
  gamma: (random) => (random.uniform() < 0.5 ? -1 : 1) * random.uniform(0.5, 1.5),
  beta: (random) => 0.5 * random.normal(),
  moving_mean: (random) => 0.5 * random.normal(),
  moving_variance: (random) => random.uniform(0.5, 2),
};
