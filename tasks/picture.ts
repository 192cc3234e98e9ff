/**
 * The picture in README.md: `deno task picture` draws it into `src/charts/folding.svg`, or into another file that is named.
 *
 * The block has one channel, so that a kernel is nine numbers, and its BatchNorms have round factors. What the picture shows
 * is computed: the branches by the laws of `src/fuse/`, their sum by `fuse` itself.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { renderFolding } from "../src/charts/folding_chart.ts";
import { writeFileAtomically } from "../src/files/atomic_write.ts";
import { type Affine, batchNorm, convolution, identity } from "../src/fuse/affine.ts";
import { compose } from "../src/fuse/compose.ts";
import { fuse } from "../src/formats/tfjs/fuse.ts";
import { POINT } from "../src/graph/axis.ts";
import { inspect } from "../src/inspect/inspect.ts";
import { artifactsOf } from "../src/model/artifacts.ts";

const EPSILON = 1e-3;
const BRANCHES = [
  { size: 3, kernel: [0.2, -0.4, 0.1, 0.5, 0.3, -0.2, -0.1, 0.4, -0.5], gamma: 1, beta: 0.3, deviation: 0.5 },
  { size: 1, kernel: [1.4], gamma: 1, beta: -0.1, deviation: 2 },
  { size: 0, kernel: [1], gamma: 0.5, beta: 0.2, deviation: 1 },
] as const;

await tf.setBackend("cpu");
const artifacts = await artifactsOf(blockOfBranches());
const [fusedKernel, fusedBias] = await weightsOfFused();
const svg = renderFolding({
  inspection: inspect(artifacts),
  branches: BRANCHES.map((branch) => ({
    label: branch.size === 0 ? "BN" : `${branch.size}x${branch.size} BN`,
    ...foldedBranch(branch),
  })),
  fused: { label: "3x3", kernel: fusedKernel, bias: fusedBias },
});
const file = process.argv[2] ?? fileURLToPath(new URL("../src/charts/folding.svg", import.meta.url));
await writeFileAtomically(file, svg);

type Branch = (typeof BRANCHES)[number];

function blockOfBranches(): tf.LayersModel {
  const image = tf.input({ shape: [32, 32, 1], name: "image" });
  const branches = BRANCHES.map((branch) => {
    const { size, kernel, gamma, beta } = branch;
    const { mean, variance } = statisticsOf(branch);
    const normalize = tf.layers.batchNormalization({ name: `block/bn${size}`, epsilon: EPSILON });
    const convolve = size === 0 ? undefined : tf.layers.conv2d({
      name: `block/conv${size}`,
      filters: 1,
      kernelSize: size,
      padding: "same",
      useBias: false,
    });
    const x = convolve === undefined ? image : convolve.apply(image) as tf.SymbolicTensor;
    const y = normalize.apply(x) as tf.SymbolicTensor;
    convolve?.setWeights([tf.tensor([...kernel], [size, size, 1, 1])]);
    normalize.setWeights([[gamma], [beta], [mean], [variance]].map((values) => tf.tensor1d(values)));
    return y;
  });
  const sum = tf.layers.add({ name: "block/add" }).apply(branches) as tf.SymbolicTensor;
  const outputs = tf.layers.reLU({ name: "block/relu" }).apply(sum) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs, name: "block" });
}

function statisticsOf({ deviation }: Branch): { mean: number; variance: number } {
  return { mean: 0, variance: deviation ** 2 - EPSILON };
}

/** A branch as a 3x3 kernel and a bias: smaller kernels stand in the middle of zeros. */
function foldedBranch(branch: Branch): { kernel: number[]; bias: number } {
  const { size, kernel, gamma, beta } = branch;
  const { mean, variance } = statisticsOf(branch);
  const axis = { ...POINT, size, before: (size - 1) / 2, after: (size - 1) / 2 };
  const shape = { inChannels: 1, outChannels: 1, groups: 1, axes: [axis, axis] as const, hasBias: false };
  const first = size === 0 ? identity(1) : convolution(shape, () => ({ kernel, bias: undefined }));
  const normalize = batchNorm({
    gamma: [gamma],
    beta: [beta],
    mean: [mean],
    variance: [variance],
    epsilon: EPSILON,
  });
  const { kernel: numbers, bias } = (compose(first, normalize) as Affine).weights();
  const placed = numbers.length === 9 ? Array.from(numbers) : [0, 0, 0, 0, numbers[0]!, 0, 0, 0, 0];
  return { kernel: placed, bias: bias[0]! };
}

/** The kernel and the bias of the one convolution that `fuse` made. */
async function weightsOfFused(): Promise<[kernel: number[], bias: number]> {
  const { artifacts: plain } = fuse(artifacts);
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(plain) });
  const [kernel, bias] = model.layers.flatMap((layer) => layer.getWeights());
  return [Array.from(kernel!.dataSync()), bias!.dataSync()[0]!];
}
