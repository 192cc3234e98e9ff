/** The reference fixtures of tests/fixtures, and the networks of ours that their states belong to. */
import * as tf from "@tensorflow/tfjs";
import type { RawTensor } from "../../src/formats/safetensors/write.ts";
import { float32Values } from "../../src/formats/safetensors/float_values.ts";
import { permute } from "../../src/formats/permute.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { torchWeights } from "../../src/model/torch/read_weights.ts";
import {
  blockModules,
  type BlockNaming,
  type ModuleOfLayer,
  networkModules,
} from "../../src/model/torch/modules.ts";
import { acNet } from "../../src/model/blocks/acnet.ts";
import type { BlockPlace } from "../../src/model/blocks/block.ts";
import { dbb } from "../../src/model/blocks/dbb.ts";
import { type BnConvPadding, fastVit } from "../../src/model/blocks/fastvit.ts";
import { mobileOnePart } from "../../src/model/blocks/mobileone.ts";
import { qaRepVgg } from "../../src/model/blocks/qarepvgg.ts";
import { repVgg } from "../../src/model/blocks/repvgg.ts";
import { repVit } from "../../src/model/blocks/repvit.ts";
import { uniRepLkNet } from "../../src/model/blocks/unireplknet.ts";
import { type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { GraphLayers } from "../../src/model/graph_layers.ts";
import { networkGraph } from "../../src/model/graph_network.ts";
import type { LayerBuilder, LayerValue } from "../../src/model/layer_builder.ts";
import { createNetwork } from "../../src/model/network.ts";
import { tfjsLayers } from "../../src/model/tfjs_layers.ts";

const FOLDER = new URL("../fixtures/", import.meta.url);

/** One fixture, in PyTorch's layouts. */
export interface Fixture {
  readonly name: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, RawTensor>;
  /** The state dict. */
  readonly state: ReadonlyMap<string, RawTensor>;
}

/** Every fixture, sorted by name. */
export function readFixtures(): Fixture[] {
  return [...Deno.readDirSync(FOLDER)]
    .filter(({ name }) => name.endsWith(".safetensors"))
    .map(({ name }) => name.replace(".safetensors", ""))
    .sort()
    .map(readFixture);
}

/** The fixture of that name. */
export function readFixture(name: string): Fixture {
  const { tensors, metadata } = readSafetensors(
    Deno.readFileSync(new URL(`${name}.safetensors`, FOLDER)),
    name,
  );
  const prefix = "state/";
  const state = [...tensors].filter(([key]) => key.startsWith(prefix))
    .map(([key, tensor]) => [key.slice(prefix.length), tensor] as const);
  return { name, kind: metadata["kind"]!, metadata, tensors, state: new Map(state) };
}

/** Values of the fixture's tensor; images are turned from NCHW to NHWC, kernels from OIHW to HWIO. */
export function fixtureTensor({ tensors }: Fixture, name: string): { values: Float32Array; shape: number[] } {
  const tensor = tensors.get(name)!;
  const values = float32Values(tensor, name);
  const shape = [...tensor.shape];
  if (shape.length !== 4) return { values, shape };
  const axes = /^fused\/.*weight$/.test(name) ? [2, 3, 1, 0] : [0, 2, 3, 1];
  return { values: permute(values, shape, axes), shape: axes.map((axis) => shape[axis]!) };
}

/** The fixture's block or network in our training form, of layers of TensorFlow.js, with the fixture's weights. */
export function trainingForm(fixture: Fixture, bnConvPadding: BnConvPadding = "afterBn"): tf.LayersModel {
  const isNetwork = fixture.kind.endsWith("-net");
  const model = isNetwork
    ? createNetwork(networkConfig(fixture), { seed: 1 })
    : blockModel(fixture, bnConvPadding);
  const { weights } = trainingGraph(fixture, bnConvPadding);
  for (const layer of model.layers) {
    layer.setWeights(
      layer.weights.map(({ originalName, shape }) =>
        tf.tensor(weights.get(originalName)!.read(), shape as number[])
      ),
    );
  }
  return model;
}

/** The same as a graph. */
export function trainingGraph(fixture: Fixture, bnConvPadding: BnConvPadding = "afterBn"): Graph {
  const isNetwork = fixture.kind.endsWith("-net");
  const graph = isNetwork
    ? networkGraph(networkConfig(fixture), "training")
    : blockGraph(fixture, bnConvPadding);
  const modules = isNetwork ? networkModules(networkConfig(fixture), "reference") : moduleOf(fixture);
  return { ...graph, weights: torchWeights(graph, modules, fixture.state) };
}

/** The configuration of a whole network. */
export function networkConfig({ kind, metadata }: Fixture): NetworkConfig {
  const widths: number[] = JSON.parse(metadata["width_multiplier"]!);
  const depths: number[] = JSON.parse(metadata["num_blocks"]!);
  const size = Number(metadata["size"]);
  return parseNetworkConfig({
    block: kind.replace("-net", ""),
    inputSize: [size, size, 3],
    classCount: Number(metadata["num_classes"]),
    padding: "explicit",
    stem: { width: 64 * widths[0]! },
    stages: depths.map((depth, i) => ({ depth, width: 64 * 2 ** i * widths[i]! })),
    ...(kind === "mobileone-net" ? { convBranches: Number(metadata["num_conv_branches"]) } : {}),
  });
}

function blockModel(fixture: Fixture, bnConvPadding: BnConvPadding): tf.LayersModel {
  const { metadata } = fixture;
  const size = Number(metadata["size"]);
  const input = tf.input({ shape: [size, size, Number(metadata["in"])], name: "image" });
  return tf.model({ inputs: input, outputs: applyBlock(tfjsLayers(1), input, fixture, bnConvPadding) });
}

function blockGraph(fixture: Fixture, bnConvPadding: BnConvPadding): Graph {
  const { metadata } = fixture;
  const size = Number(metadata["size"]);
  const net = new GraphLayers();
  const input = net.input([size, size, Number(metadata["in"])]);
  return net.finish("block", "image", input, applyBlock(net, input, fixture, bnConvPadding));
}

function applyBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  { kind, metadata }: Fixture,
  bnConvPadding: BnConvPadding,
): X {
  const hasActivation = kind !== "acnet" && kind !== "dbb";
  const place: BlockPlace = {
    name: "block",
    filters: Number(metadata["out"]),
    stride: Number(metadata["stride"]),
    groups: Number(metadata["groups"] ?? 1),
    padding: "explicit",
    activation: kind === "repvit" ? "gelu" : hasActivation ? "relu" : "linear",
  };
  const kernelSize = Number(metadata["kernel"]);
  switch (kind) {
    case "repvgg":
      return repVgg.apply(net, x, place, {
        branches: { conv1x1: true, identity: true },
        squeezeExcite: false,
        postAdditionBn: false,
      });
    case "mobileone":
      return mobileOnePart(net, x, place, kernelSize, {
        convBranches: Number(metadata["branches"]),
        scale: true,
        skip: true,
      });
    case "fastvit":
      return fastVit.apply(net, x, place, {
        kernelSizes: JSON.parse(metadata["kernels"]!),
        skipIncludeBn: metadata["skip_bn"] !== "false",
        useBnConv: metadata["bn_conv"] === "true",
        bnConvPadding,
      });
    case "qarepvgg":
      return qaRepVgg.apply(net, x, place, {
        branches: { conv1x1: true, identity: true },
        squeezeExcite: false,
      });
    case "unireplknet":
      return uniRepLkNet.apply(net, x, place, { kernelSize });
    case "repvit":
      return repVit.apply(net, x, place, {});
    case "dbb":
      return dbb.apply(net, x, place, { kernelSize });
    default:
      return acNet.apply(net, x, place, { kernelSize });
  }
}

function moduleOf({ kind, metadata }: Fixture): ModuleOfLayer {
  const naming = {
    block: kind,
    postAdditionBn: false,
    convBranches: Number(metadata["branches"]),
    kernelSizes: JSON.parse(metadata["kernels"] ?? "[]"),
  } as BlockNaming;
  const { parts } = blockModules(naming, "reference");
  return (layer) => parts.get(layer.replace("block/", ""));
}
